import { setTimeout as delay } from 'node:timers/promises'
import { runLoad } from '../../load/run-load.ts'
import type { Operation } from '../../workloads/operation.ts'
import type { HotKeyRecord } from '../records.ts'
import type { RunningSubject } from '../subject.ts'

export interface HotKeyTerms {
  readonly round: number
  readonly key: number
  readonly clients: number
  /** Of its entry. */
  readonly ttlMs: number
  /** Long enough for its entry to expire. */
  readonly forMs: number
}

const sampleEveryMs = 50

/** Many clients ask for one user and nothing else, and its entry expires meanwhile. It is cached when they begin. */
export async function hotKey(subject: RunningSubject, terms: HotKeyTerms): Promise<HotKeyRecord> {
  const { round, key, clients, ttlMs, forMs } = terms
  const { urls } = subject
  const operations = repeat({ kind: 'get', key, bytes: 0 })
  const load = (ms: number) => runLoad({ urls, operations, pace: { clients }, forMs: ms })
  await subject.settle()
  await runLoad({ urls, operations, pace: { clients: 1 }, forMs: 50 })
  const series: { atMs: number; statements: number }[] = []
  const before = await subject.statements()
  const startedAt = performance.now()
  let isOver = false
  const sampling = (async () => {
    for (;;) {
      const isLast = isOver
      const statements = (await subject.statements()) - before
      series.push({ atMs: Math.round(performance.now() - startedAt), statements })
      if (isLast) return
      await delay(sampleEveryMs)
    }
  })()
  const { requests, ms } = await load(forMs).finally(() => {
    isOver = true
  })
  await sampling
  return { round, clients, ttlMs, requests, ms, series }
}

function repeat(operation: Operation): Iterator<Operation> {
  return { next: () => ({ done: false, value: operation }) }
}
