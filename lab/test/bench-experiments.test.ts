import { describe, expect, test } from 'vitest'
import { readArguments } from '../bench/arguments.ts'
import { compare } from '../bench/comparison.ts'
import { type Experiment, isMet, runExperiment } from '../bench/experiment.ts'
import type { Subject } from '../bench/group.ts'
import { openLoop, quantileMs } from '../bench/http/open-loop.ts'
import { measure } from '../bench/measure.ts'
import { experimentReport } from '../bench/report.ts'

const target = { claim: 'at most', value: 2 } as const

describe('an experiment', () => {
  const experiment = (closed: string[], fails = false): Experiment => ({
    ...{ name: 'some', title: 'what it does', needs: ['Redis'] },
    async run({ defer, isQuick }) {
      defer(() => closed.push('first'))
      defer(() => closed.push('second'))
      if (fails) throw new Error('it failed')
      return [
        { what: 'ratio', value: isQuick ? 1.5 : 3, unit: '', target },
        { what: 'writes', value: 1_234, unit: '/s' },
      ]
    },
  })

  test('is closed in the end, the last thing first, whatever happens', async () => {
    const closed: string[] = []
    await runExperiment(experiment(closed), ['Redis'], false)
    expect(closed).toEqual(['second', 'first'])
    await expect(runExperiment(experiment(closed, true), ['Redis'], false)).rejects.toThrow('fail')
    expect(closed).toHaveLength(4)
  })

  test('is told in figures, with what is claimed of them', async () => {
    const told = experimentReport(await runExperiment(experiment([]), ['Redis'], false))
    expect(told).toMatch(/^some: what it does\n/)
    expect(told).toMatch(/ratio +3 +at most 2 +MISSED\n/)
    expect(told).toMatch(/writes +1,234 \/s +none\n/)
    const quick = experimentReport(await runExperiment(experiment([]), ['Redis'], true))
    expect(quick).toMatch(/ratio +1\.500 +at most 2 +met\n/)
  })

  test('is left out where its servers are missing, and says so', async () => {
    const result = await runExperiment(experiment([]), ['PostgreSQL'], false)
    expect(result).toMatchObject({ missing: ['Redis'], figures: [] })
    expect(experimentReport(result)).toBe('some: not measured, needs Redis\n')
  })

  test('meets what is claimed at the very value', () => {
    expect([1, 2, 2.1].map((value) => isMet(value, target))).toEqual([true, true, false])
    const least = { claim: 'at least', value: 2 } as const
    expect([1, 2, 2.1].map((value) => isMet(value, least))).toEqual([false, true, true])
  })
})

test('--only names several by how they begin', () => {
  const names = ['memory-hit', 'write-behind-hot', 'write-behind-puts', 'write-behinds']
  const only = (name: string) => readArguments(['--only', name], names)?.groups
  expect(only('write-behind')).toEqual(['write-behind-hot', 'write-behind-puts'])
  expect(only('memory-hit')).toEqual(['memory-hit'])
  expect(readArguments(['--quick'], names)?.isQuick).toBe(true)
})

describe('an open loop', () => {
  test('does not wait for answers, and counts from when a request was due', async () => {
    let underWay = 0
    let peak = 0
    let answer = () => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const shots = await openLoop({
      ...{ perSecond: 1_000, forMs: 60 },
      async send(index) {
        underWay += 1
        peak = Math.max(peak, underWay)
        if (index === 59) answer()
        await answered
        return { kind: index % 10 === 0 ? 'rare' : 'common', isServed: index !== 7 }
      },
    })
    expect([shots.length, peak]).toEqual([60, 60])
    expect(shots.filter(({ kind }) => kind === 'rare')).toHaveLength(6)
    expect(shots.filter(({ isServed }) => !isServed)).toHaveLength(1)
    const [first = 0, last = 0] = [shots[0]?.latencyMs, shots.at(-1)?.latencyMs]
    // One was due 59 ms before the other, and both were answered at once.
    expect(first - last).toBeGreaterThan(50)
  })

  test('has quantiles that are latencies', () => {
    const shots = Array.from({ length: 200 }, (_, index) => ({ latencyMs: 200 - index }))
    expect([0, 0.5, 0.99, 1].map((share) => quantileMs(shots, share))).toEqual([1, 101, 199, 200])
    expect(quantileMs([], 0.5)).toBeNaN()
  })
})

describe('a sample', () => {
  test('counts neither what was made ready, nor the time of what was left, but its CPU time', async () => {
    const steps: string[] = []
    let cpuUs = 0
    const works = (step: string, us: number) => async () => {
      steps.push(step)
      cpuUs += us
    }
    const subject: Subject = {
      name: 'one',
      worker: { cpuUs: () => cpuUs, collectGarbage: () => undefined },
      prepare: works('prepare', 1_000),
      async run() {
        await works('run', 10)()
        return 5
      },
      settle: works('settle', 100),
      p99Ms: () => 7,
      check: async () => undefined,
    }
    const [measured] = await measure([subject], { rounds: 1, sampleMs: 5, warmUps: 0 })
    expect(steps).toEqual(['prepare', 'run', 'settle'])
    expect(measured?.samples).toEqual([{ operations: 64, ms: 5, cpuUs: 110, p99Ms: 7 }])
  })

  test('compares slow operations of a round with those of the baseline', () => {
    const at = (p99Ms: number) => ({ operations: 1, ms: 1, cpuUs: 1, p99Ms })
    const measured = [
      { name: 'bare', samples: [at(10), at(100)] },
      { name: 'ours', samples: [at(5), at(50)] },
    ]
    const pair = { subject: 'ours', baseline: 'bare' }
    const { spread, verdict } = compare({ ...pair, measure: 'p99-ratio', target: 0.4 }, measured)
    expect([spread.median, verdict?.isMet]).toEqual([0.5, false])
  })
})
