import { setTimeout as delay } from 'node:timers/promises'
import type { Operation } from '../workloads/operation.ts'
import type { Exchange } from './load-plan.ts'
import type { Sender } from './sender.ts'

export interface ClosedLoop {
  readonly operations: Iterator<Operation>
  readonly clients: number
  readonly forMs: number
  readonly sender: Sender
}

/** Whoever got no answer at all waits so long: a port that nobody listens on refuses thousands of times a second. */
const pauseMs = 10

/** Has so many operations under way, the next of each client when its last has ended. Resolves with the last. */
export async function closedLoop({
  operations,
  clients,
  forMs,
  sender,
}: ClosedLoop): Promise<void> {
  const startedAt = performance.now()
  const client = async () => {
    for (;;) {
      const dueAt = performance.now()
      if (dueAt - startedAt >= forMs) return
      const next = operations.next()
      if (next.done) return
      const { status } = await new Promise<Exchange>((resolve) =>
        sender.send(next.value, dueAt, resolve),
      )
      if (status === 0) await delay(pauseMs)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
}
