import { manualClock } from 'caching-patterns/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Deadlines } from '../../src/mechanisms/deadlines.ts'

function setup() {
  const clock = manualClock()
  const deadlines = new Deadlines(100, clock)
  const over: string[] = []
  const begin = (name: string) => deadlines.begin(() => over.push(name))
  return { clock, deadlines, over, begin }
}

describe('deadlines of one length', () => {
  test('end each call after its own time, in order', async () => {
    const { clock, over, begin } = setup()
    begin('a')
    await clock.advance(30)
    begin('b')
    begin('c')
    await clock.advance(69)
    expect(over).toEqual([])
    await clock.advance(1)
    expect(over).toEqual(['a'])
    await clock.advance(29)
    expect(over).toEqual(['a'])
    await clock.advance(1)
    expect(over).toEqual(['a', 'b', 'c'])
    expect(clock.pending()).toBe(0)
  })

  test('leave a call alone that was answered, and say so of one that was not', async () => {
    const { clock, deadlines, over, begin } = setup()
    const [a, b] = [begin('a'), begin('b')]
    expect(deadlines.end(b)).toBe(true)
    expect(deadlines.end(b)).toBe(false)
    await clock.advance(100)
    expect(over).toEqual(['a'])
    expect(deadlines.end(a)).toBe(false)
  })

  test('share one timer, and keep none when no call is under way', async () => {
    const { clock, deadlines, begin } = setup()
    const calls = Array.from({ length: 50 }, (_, i) => begin(String(i)))
    expect(clock.pending()).toBe(1)
    for (const call of calls) deadlines.end(call)
    expect(clock.pending()).toBe(0)
  })

  test('end although the clock was set back meanwhile, at most their own length late', async () => {
    const timers = manualClock()
    let skewMs = 0
    // as the machine's: timers count from their start, whatever the clock says
    const clock = { now: () => timers.now() + skewMs, after: timers.after }
    const over: string[] = []
    const deadlines = new Deadlines(100, clock)
    deadlines.begin(() => over.push('a'))
    await timers.advance(50)
    deadlines.begin(() => over.push('b'))
    skewMs = -3_600_000
    await timers.advance(50)
    expect(over).toEqual(['a'])
    await timers.advance(100)
    expect(over).toEqual(['a', 'b'])
  })

  test('let answers be read first that came while the process was busy', async () => {
    const { clock, deadlines, over, begin } = setup()
    const answered = begin('answered')
    begin('silent')
    clock.jump(150)
    await clock.advance(0)
    expect(over).toEqual([])
    expect(deadlines.end(answered)).toBe(true)
    await clock.advance(1)
    expect(over).toEqual(['silent'])
    expect(clock.pending()).toBe(0)
  })

  test('hold for any order of begins and ends', async () => {
    const step = fc.oneof(
      fc.record({ wait: fc.integer({ min: 1, max: 150 }) }),
      fc.record({ end: fc.nat(30) }),
      fc.constant('begin' as const),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, deadlines, over } = setup()
        const calls: { readonly at: number; readonly id: string; isAnswered: boolean }[] = []
        const handles: ReturnType<typeof deadlines.begin>[] = []
        for (const each of steps) {
          if (each === 'begin') {
            const id = String(calls.length)
            calls.push({ at: clock.now(), id, isAnswered: false })
            handles.push(deadlines.begin(() => over.push(id)))
          } else if ('wait' in each) await clock.advance(each.wait)
          else {
            const [call, handle] = [calls[each.end], handles[each.end]]
            if (call === undefined || handle === undefined) continue
            const isInTime = !call.isAnswered && clock.now() < call.at + 100
            expect(deadlines.end(handle)).toBe(isInTime)
            call.isAnswered ||= isInTime
          }
        }
        const due = calls.filter(({ at, isAnswered }) => !isAnswered && at + 100 <= clock.now())
        expect(over).toEqual(due.map(({ id }) => id))
      }),
    )
  })
})
