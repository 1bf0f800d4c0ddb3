import { closedLoop } from './closed-loop.ts'
import type { LoadPlan, LoadResult } from './load-plan.ts'
import { atRandom, openLoop } from './open-loop.ts'
import { Sender } from './sender.ts'
import { Tally } from './tally.ts'

const standardDeadlineMs = 10_000

/** Sends what the plan says, and resolves when every request has ended. Throws a `RangeError` for a plan of nothing. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const { urls, operations, pace, onExchange } = plan
  const { forMs = Number.POSITIVE_INFINITY, deadlineMs = standardDeadlineMs } = plan
  if (urls.length === 0) throw new RangeError('urls: expected at least one, received none')
  const [speed] = 'atMs' in pace ? [] : Object.values(pace)
  if (speed !== undefined && !(speed > 0)) {
    throw new RangeError(`pace: expected a number above 0, received ${speed}`)
  }
  const tally = new Tally(!('clients' in pace))
  const sender = new Sender({
    urls,
    deadlineMs,
    onExchange(exchange) {
      tally.count(exchange)
      onExchange?.(exchange)
    },
  })
  try {
    const common = { operations, forMs, sender }
    if ('clients' in pace) await closedLoop({ ...common, clients: pace.clients })
    else {
      const atMs = 'atMs' in pace ? pace.atMs : atRandom(pace.perSecond)
      await openLoop({ ...common, atMs })
    }
  } finally {
    await sender.close()
  }
  return tally.result()
}
