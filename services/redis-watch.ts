import type { Warnings } from './http/port.ts'
import { type RedisFacts, whatACrashLoses, whyRoomIsShort, whyWritesVanish } from './redis-facts.ts'

/** What the settings of a Redis mean for accepted writes, now: they can be changed while it runs. */
export interface RedisWatch extends Warnings {
  /** Bytes of accepted writes that may wait. */
  readonly maxDirtyBytes: number
  /** Why what was accepted is not safe; for `/readyz`. */
  dangers(): readonly string[]
  /** Asks once more. Never rejects: of a server that does not answer, the last that it said counts. */
  check(): Promise<void>
  close(): void
}

export interface RedisWatchOptions {
  /** What each server said at the start. */
  readonly facts: readonly RedisFacts[]
  /** Bytes of accepted writes that may wait. */
  readonly maxDirtyBytes: number
  readonly read: () => Promise<readonly RedisFacts[]>
  /** Default 30 s. */
  readonly everyMs?: number
}

/** Looks at the settings of all servers every 30 s, and tells what has changed. */
export function watchRedis({
  facts: atStart,
  maxDirtyBytes,
  read,
  everyMs = 30_000,
}: RedisWatchOptions): RedisWatch {
  const listeners = new Set<Parameters<Warnings['subscribe']>[0]>()
  const judge = (facts: readonly RedisFacts[]) => ({
    dangers: distinct(facts.map(dangerOf)),
    losses: distinct(facts.map(whatACrashLoses)),
    room: distinct([whyRoomIsShort(facts, maxDirtyBytes)]),
  })
  const warningsOf = ({ dangers, losses, room }: typeof judged) => [...dangers, ...losses, ...room]
  let judged = judge(atStart)

  const check = async () => {
    const facts = await read().catch(() => undefined)
    // Of a cluster in trouble fewer answer than there are.
    if (facts === undefined || facts.length === 0) return
    const before = warningsOf(judged)
    judged = judge(facts)
    const now = warningsOf(judged)
    const tell = (warning: string, change: 'begins' | 'ends') => {
      for (const listener of listeners) listener(warning, change)
    }
    for (const each of now) if (!before.includes(each)) tell(each, 'begins')
    for (const each of before) if (!now.includes(each)) tell(each, 'ends')
  }
  const timer = setInterval(check, everyMs)
  timer.unref()

  return {
    maxDirtyBytes,
    current: () => warningsOf(judged),
    dangers: () => judged.dangers,
    subscribe(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    check,
    close: () => clearInterval(timer),
  }
}

function dangerOf(facts: RedisFacts): string | undefined {
  const why = whyWritesVanish(facts)
  return why && `Redis: ${why}`
}

/** Of a cluster's servers those set alike say the same. */
function distinct(texts: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== undefined))]
}
