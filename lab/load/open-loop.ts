import { seededRandom } from '../soak/random.ts'
import type { Operation } from '../workloads/operation.ts'
import type { Sender } from './sender.ts'

export interface OpenLoop {
  readonly operations: Iterator<Operation>
  /** When each is due, in milliseconds from now; the load ends with them. */
  readonly atMs: Iterator<number>
  readonly forMs: number
  readonly sender: Sender
}

/** More would fill the machine; those that are due beyond it wait, and are late. */
const mostUnderWay = 10_000

/**
 * Timers know whole milliseconds, and are late by as much as one: that is nobody's latency. What is sent within this of
 * its moment is due when it is sent; what is later is due at its moment.
 */
const tickMs = 2

/** Sends each operation when it is due, whatever became of those before. Resolves when the last one has ended. */
export function openLoop({ operations, atMs, forMs, sender }: OpenLoop): Promise<void> {
  const startedAt = performance.now()
  let nextAt = startedAt
  let underWay = 0
  let isOver = false
  let isAwaited = false
  const advance = () => {
    const next = atMs.next()
    if (next.done) isOver = true
    else nextAt = startedAt + next.value
  }
  advance()
  return new Promise((resolve) => {
    const onTick = () => {
      isAwaited = false
      sendDue()
    }
    const sendDue = () => {
      const now = performance.now()
      while (!isOver && underWay < mostUnderWay && nextAt <= now) {
        const next = nextAt - startedAt <= forMs ? operations.next() : undefined
        if (next === undefined || next.done) isOver = true
        else {
          underWay += 1
          sender.send(next.value, now - nextAt <= tickMs ? now : nextAt, onEnd)
          advance()
        }
      }
      if (isOver && underWay === 0) resolve()
      else if (!isOver && !isAwaited && underWay < mostUnderWay) {
        isAwaited = true
        setTimeout(onTick, nextAt - now)
      }
    }
    const onEnd = () => {
      underWay -= 1
      sendDue()
    }
    sendDue()
  })
}

/**
 * So many a second, each at a moment that does not depend on the others (a Poisson process, as of users who know nothing
 * of each other). The same rate has the same moments.
 */
export function* atRandom(perSecond: number): Generator<number, never> {
  const random = seededRandom(perSecond)
  let atMs = 0
  for (;;) {
    atMs += (-1_000 * Math.log(1 - random())) / perSecond
    yield atMs
  }
}
