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
 * Sends each operation when it is due, whatever became of those before: at a rate of so many a second, each at a moment
 * that does not depend on the others (a Poisson process, as of users who know nothing of each other). The same rate has
 * the same moments. Resolves when the last one has ended.
 */
export function openLoop({ operations, perSecond, forMs, sender }: OpenLoop): Promise<void> {
  const random = seededRandom(perSecond)
  const gapMs = () => (-1_000 * Math.log(1 - random())) / perSecond
  const startedAt = performance.now()
  let dueAt = startedAt + gapMs()
  let underWay = 0
  let isOver = false
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    const sendDue = () => {
      clearTimeout(timer)
      while (!isOver && underWay < mostUnderWay && dueAt <= performance.now()) {
        const next = dueAt - startedAt <= forMs ? operations.next() : undefined
        if (next === undefined || next.done) isOver = true
        else {
          underWay += 1
          sender.send(next.value, dueAt, onEnd)
          dueAt += gapMs()
        }
      }
      if (isOver && underWay === 0) resolve()
      else if (!isOver && underWay < mostUnderWay) {
        timer = setTimeout(sendDue, dueAt - performance.now())
      }
    }
    const onEnd = () => {
      underWay -= 1
      sendDue()
    }
    sendDue()
  })
}
