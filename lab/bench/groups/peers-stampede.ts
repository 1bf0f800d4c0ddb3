import { startRedis } from '@caching-patterns/local-servers'
import type { Defer, Group, Subject, Worker } from '../group.ts'
import { type Contender, isOurs, libraries, onRedis } from '../peers/contender.ts'
import { type ContenderProcess, startContender } from '../peers/contender-process.ts'
import type { RunFigures } from '../peers/messages.ts'
import { drawKey } from '../peers/row-of.ts'

const processes = 2
const callersEach = 500

/** What many callers of a key cost that nobody has cached: how often the source is asked, and how long they wait. */
export const peersStampede: Group = {
  name: 'peers-stampede',
  title: `${processes * callersEach} callers in ${processes} processes of one cold key, whose load takes 50 ms; CPU of both`,
  needs: ['Redis'],
  async open(defer) {
    const redis = await startRedis()
    defer(() => redis.stop())
    const contenders: Contender[] = (await libraries()).map((peer) => ({
      ...({ peer: peer.name, form: onRedis(peer).name, asks: 'value' } as const),
      name: peer.name,
    }))
    const ours = contenders.find(isOurs)?.name ?? ''
    return {
      subjects: contenders.map((contender) => stampedes(contender, redis.port, defer)),
      comparisons: [],
      ranking: { ours, columns: ['loads', 'wait', 'cpu', 'allocation'] },
    }
  },
}

function stampedes(contender: Contender, redisPort: number, defer: Defer): Subject {
  const { name, peer, form, asks } = contender
  const assignment = { peer, form, asks, keys: 0, inFlight: 1, redisPort }
  const workers = Array.from({ length: processes }, () => startContender(assignment, defer))
  const all = togetherOf(workers)
  return {
    name,
    worker: all.worker,
    loads: all.loads,
    async run(operations) {
      all.forget()
      let ms = 0
      for (let done = 0; done < operations; done += 1) {
        const key = drawKey()
        const figures = await Promise.all(workers.map((each) => each.stampede(key, callersEach)))
        all.add(figures)
        ms += lastAnswerMs(figures)
      }
      return ms
    },
    // Every answer of a stampede is looked at, right after it.
    check: async () => void (await Promise.all(workers.map((each) => each.stampede(drawKey(), 1)))),
  }
}

/** From the first caller of any process to the last answer in any. */
export function lastAnswerMs(
  figures: readonly Pick<RunFigures, 'startedAt' | 'endedAt'>[],
): number {
  const startedAt = Math.min(...figures.map((each) => each.startedAt))
  return Math.max(...figures.map((each) => each.endedAt)) - startedAt
}

/** Several processes as one: their figures are added up. */
function togetherOf(workers: readonly ContenderProcess[]) {
  let bytes = 0
  let loads = 0
  const worker: Worker = {
    cpuUs: async () => {
      const each = await Promise.all(workers.map((one) => one.cpuUs()))
      return each.reduce((sum, cpuUs) => sum + cpuUs, 0)
    },
    collectGarbage: async () =>
      void (await Promise.all(workers.map((one) => one.collectGarbage()))),
    countAllocation: async () =>
      void (await Promise.all(workers.map((one) => one.countAllocation?.()))),
    allocatedBytes: () => bytes,
  }
  return {
    worker,
    loads: () => loads,
    forget() {
      bytes = 0
      loads = 0
    },
    add(figures: readonly RunFigures[]) {
      for (const figure of figures) {
        bytes += figure.allocatedBytes
        loads += figure.loads
      }
    },
  }
}
