import { afterEach, describe, expect, test } from 'vitest'
import { runLoad } from '../load/run-load.ts'
import { type FakeTarget, fakeTarget, type Respond } from './fake-target.ts'
import { loadOn, operations } from './some-load.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function start(respond: Respond): Promise<FakeTarget> {
  const target = await fakeTarget(respond)
  closers.push(target.close)
  return target
}

const ok: Respond = (_, response) => response.end('{}')
const oneClient = { clients: 1 }

describe('an open loop', () => {
  const perSecond = 500

  test('sends as many a second as it was told, at moments of their own', async () => {
    const target = await start(ok)
    const { exchanges, result } = await loadOn([target], {
      operations: operations(10_000),
      pace: { perSecond: 200 },
      forMs: 1_500,
    })
    expect(result.requests).toBeGreaterThan(230)
    expect(result.requests).toBeLessThan(370)
    const moments = exchanges.map(({ dueAt }) => dueAt).sort((one, other) => one - other)
    const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length
    // Evenly spaced they would not differ, at random by as much as their mean.
    expect(Math.sqrt(variance) / mean).toBeGreaterThan(0.7)
    const again = await loadOn([target], {
      operations: operations(10_000),
      pace: { perSecond: 200 },
      forMs: 1_500,
    })
    expect(again.result.requests).toBe(result.requests)
  })

  test('shows a stall to whoever asked meanwhile; a closed loop to one', async () => {
    const stalling = () => {
      let stalledUntil = 0
      return start((_, response, number) => {
        if (number === 200) stalledUntil = performance.now() + 500
        setTimeout(() => response.end('{}'), Math.max(0, stalledUntil - performance.now()))
      })
    }
    const open = await loadOn([await stalling()], {
      operations: operations(1_000),
      pace: { perSecond },
    })
    const closed = await loadOn([await stalling()], {
      operations: operations(1_000),
      pace: oneClient,
    })
    expect(open.result.kinds.get.latencies.p99Ms).toBeGreaterThan(400)
    expect(closed.result.kinds.get.latencies.p99Ms).toBeLessThan(200)
    expect(closed.result.kinds.get.latencies.maxMs).toBeGreaterThan(490)
  })

  test('counts from when a request was due, also where it was itself that was late', async () => {
    const target = await start(ok)
    const { url } = target
    let isStalled = false
    const result = await runLoad({
      urls: [url],
      operations: operations(150),
      pace: { perSecond: 100 },
      onExchange() {
        if (isStalled) return
        isStalled = true
        const until = performance.now() + 1_000
        while (performance.now() < until);
      },
    })
    expect(result.kinds.get.latencies.p90Ms).toBeGreaterThan(500)
    expect(result.sentLate).toBeGreaterThan(60)
  })

  test('does not let one target that hangs hold up another', async () => {
    const hung = await start(() => {
      // Never answered.
    })
    const well = await start(ok)
    const { exchanges } = await loadOn([hung, well], {
      operations: operations(400),
      pace: { perSecond: 400 },
      deadlineMs: 3_000,
    })
    const answered = exchanges.filter(({ url }) => url === well.url)
    expect(answered.map(({ status }) => status)).toEqual(Array(200).fill(200))
    expect(Math.max(...answered.map(({ endedAt, dueAt }) => endedAt - dueAt))).toBeLessThan(1_500)
    const waited = exchanges.filter(({ url }) => url === hung.url)
    expect(waited.map(({ error }) => error)).toEqual(Array(200).fill('TIMEOUT'))
  })

  test('awaits what is under way when its time is over', async () => {
    const target = await start((_, response) => {
      setTimeout(() => response.end('{}'), 200)
    })
    const plan = { operations: operations(1_000), pace: { perSecond }, forMs: 100 }
    const { result } = await loadOn([target], plan)
    expect(result.requests).toBe(target.received.length)
    expect(result.kinds.get.latencies.count).toBe(result.requests)
    expect(result.ms).toBeGreaterThan(200)
  })

  test('ends with its operations', async () => {
    const target = await start(ok)
    const { result } = await loadOn([target], { operations: operations(7), pace: { perSecond } })
    expect(result.requests).toBe(7)
  })
})

describe('a closed loop', () => {
  test('has as many requests under way, and connections, as clients', async () => {
    let underWay = 0
    let peak = 0
    const target = await start((_, response) => {
      underWay += 1
      peak = Math.max(peak, underWay)
      setTimeout(() => {
        underWay -= 1
        response.end('{}')
      }, 2)
    })
    const { result } = await loadOn([target], { operations: operations(200), pace: { clients: 4 } })
    expect([result.requests, peak, target.connections()]).toEqual([200, 4, 4])
    expect(result.sentLate).toBe(0)
  })

  test('sends nothing after its time', async () => {
    const target = await start(ok)
    const { exchanges } = await loadOn([target], {
      operations: operations(1_000_000),
      pace: oneClient,
      forMs: 400,
    })
    const first = exchanges[0]?.dueAt ?? 0
    expect(exchanges.length).toBeGreaterThan(1)
    expect((exchanges.at(-1)?.dueAt ?? 0) - first).toBeLessThan(400)
  })
})
