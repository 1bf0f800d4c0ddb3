import { seededRandom } from '../soak/random.ts'
import type { Operation } from '../workloads/operation.ts'
import type { Sender } from './sender.ts'

export interface OpenLoop {
  readonly operations: Iterator<Operation>
  readonly perSecond: number
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

/**
 * Sends each operation when it is due, whatever became of those before: so many a second, each at a moment that does not
 * depend on the others (a Poisson process, as of users who know nothing of each other). The same rate has the same
 * moments. Resolves when the last one has ended.
 */
export function openLoop({ operations, perSecond, forMs, sender }: OpenLoop): Promise<void> {
  const random = seededRandom(perSecond)
  const gapMs = () => (-1_000 * Math.log(1 - random())) / perSecond
  const startedAt = performance.now()
  let nextAt = startedAt + gapMs()
  let underWay = 0
  let isOver = false
  let isAwaited = false
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
          nextAt += gapMs()
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
