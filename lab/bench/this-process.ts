import { isDeepStrictEqual } from 'node:util'
import { Failure } from '../replay/failure.ts'
import { collectYoungGarbage } from './garbage.ts'
import type { Subject, Worker } from './group.ts'
import { inLanes } from './lanes.ts'

const checkLanes = 64

/** The process that runs the benchmark. */
export const thisProcess: Worker = {
  cpuUs() {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  collectGarbage: collectYoungGarbage,
}

/** A subject whose operations are calls in this process. */
export interface Calls<Key, Answer> {
  readonly name: string
  /** Used one after the other, over and over: those under way at once differ. */
  readonly keys: readonly Key[]
  /** Calls under way at once. */
  readonly inFlight: number
  call(key: Key): Promise<Answer>
  /** What a caller does with the answer. Default: nothing. */
  read?(answer: Answer): unknown
  /** What is read, as it is compared. Default: as it is. */
  shown?(found: unknown): unknown
  /** What is read in the end. */
  expected(key: Key): unknown
}

/** Makes a subject of calls. */
export function calls<Key, Answer>(options: Calls<Key, Answer>): Subject {
  const { name, keys, inFlight, call, read = itself, shown = itself, expected } = options
  let at = 0
  return {
    name,
    worker: thisProcess,
    async run(operations) {
      let left = operations
      const lane = async () => {
        while (left > 0) {
          left -= 1
          at = at + 1 < keys.length ? at + 1 : 0
          read(await call(keys[at] as Key))
        }
      }
      const startedAt = performance.now()
      await Promise.all(Array.from({ length: inFlight }, lane))
      return performance.now() - startedAt
    },
    check: () =>
      inLanes(keys, checkLanes, async (key) => {
        const found = shown(read(await call(key)))
        if (isDeepStrictEqual(found, expected(key))) return
        const words = `expected ${JSON.stringify(expected(key))}, received ${JSON.stringify(found)}`
        throw new Failure(`${name}: of key ${String(key)} ${words}`)
      }),
  }
}

function itself<Answer>(answer: Answer): Answer {
  return answer
}
