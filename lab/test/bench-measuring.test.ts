import { describe, expect, test } from 'vitest'
import type { Group, Subject } from '../bench/group.ts'
import { hitsOnly } from '../bench/hits-only.ts'
import { measure, shuffled } from '../bench/measure.ts'
import { runGroup } from '../bench/run-group.ts'
import { calls } from '../bench/this-process.ts'
import { drawUsers } from '../bench/users.ts'

interface Run {
  readonly name: string
  readonly operations: number
}

/** A subject that says it took `usEach` an operation, and twice that of CPU time; collecting garbage takes a second. */
function steadySubject(name: string, usEach: number, runs: Run[] = []): Subject {
  let cpuUs = 0
  return {
    name,
    worker: {
      cpuUs: () => cpuUs,
      collectGarbage() {
        cpuUs += 1e6
      },
    },
    async run(operations) {
      runs.push({ name, operations })
      cpuUs += operations * usEach * 2
      return (operations * usEach) / 1_000
    },
    check: async () => undefined,
  }
}

describe('measure', () => {
  test('runs every subject once a round, in orders drawn anew', async () => {
    const runs: Run[] = []
    const subjects = ['a', 'b', 'c'].map((name) => steadySubject(name, 10, runs))
    const draws = [0.9, 0.9, 0, 0, 0.9, 0]
    const random = () => draws.shift() ?? 0
    await measure(subjects, { rounds: 3, sampleMs: 10, warmUps: 0, random })
    const order = runs.map(({ name }) => name).join('')
    expect(order.match(/.../g)).toEqual(['abc', 'bca', 'bac'])
  })

  test('finds in the warm-up how many operations fill a sample, and keeps to that number', async () => {
    const runs: Run[] = []
    const subjects = [steadySubject('slow', 100, runs), steadySubject('fast', 1, runs)]
    const [slow, fast] = await measure(subjects, { rounds: 4, sampleMs: 200, warmUps: 6 })
    expect(slow?.samples.map(({ operations }) => operations)).toEqual(Array(4).fill(2_000))
    expect(fast?.samples.map(({ operations }) => operations)).toEqual(Array(4).fill(200_000))
    const growth = runs.filter(({ name }) => name === 'fast').map(({ operations }) => operations)
    expect(growth.slice(0, 4)).toEqual([64, 640, 6_400, 64_000])
  })

  test('counts what is allocated after all rounds, in runs that nobody times', async () => {
    const events: string[] = []
    const subjects = ['a', 'b'].map((name) => {
      const subject = steadySubject(name, 10)
      const worker = {
        ...subject.worker,
        countAllocation: () => void events.push(`count ${name}`),
        allocatedBytes: () => 640,
      }
      const run = async (operations: number) => {
        events.push(name)
        return subject.run(operations)
      }
      return { ...subject, worker, run }
    })
    const measuring = { rounds: 2, sampleMs: 10, warmUps: 0, random: () => 0.9 }
    const plain = await measure(subjects, measuring)
    expect(plain.map(({ counted }) => counted)).toEqual([undefined, undefined])
    expect(plain.flatMap(({ samples }) => samples.flatMap(Object.keys))).not.toContain(
      'allocatedBytes',
    )
    events.length = 0
    const [first] = await measure(subjects, { ...measuring, countsAllocation: true })
    expect(events.join(' ')).toBe('a b a b count a a a a count b b b b')
    expect(first?.counted?.map(({ allocatedBytes }) => allocatedBytes)).toEqual([640, 640, 640])
  })

  test('counts the CPU time of the run alone, not that of collecting garbage', async () => {
    const subject = steadySubject('one', 10)
    const [measured] = await measure([subject], { rounds: 2, sampleMs: 20, warmUps: 4 })
    expect(measured?.samples).toEqual(Array(2).fill({ operations: 2_000, ms: 20, cpuUs: 40_000 }))
  })

  test('shuffles without losing anything', () => {
    const items = Array.from({ length: 100 }, (_, index) => index)
    const order = shuffled(items, Math.random)
    expect(order).not.toEqual(items)
    expect([...order].sort((a, b) => a - b)).toEqual(items)
  })
})

describe('calls', () => {
  const keys = Array.from({ length: 100 }, (_, index) => index)

  test('does as many operations as it was told, so many at once, all of different keys', async () => {
    const underWay = new Set<number>()
    let done = 0
    let peak = 0
    const subject = calls({
      name: 'some',
      keys,
      inFlight: 8,
      async call(key) {
        expect(underWay.has(key)).toBe(false)
        underWay.add(key)
        peak = Math.max(peak, underWay.size)
        await new Promise(setImmediate)
        underWay.delete(key)
        done += 1
      },
      expected: () => undefined,
    })
    await subject.run(250)
    expect([done, peak]).toEqual([250, 8])
  })

  test('goes on with the keys where the last run ended', async () => {
    const seen: number[] = []
    const subject = calls({
      name: 'some',
      keys: [1, 2, 3],
      inFlight: 1,
      call: async (key) => seen.push(key),
      expected: () => undefined,
    })
    await subject.run(2)
    await subject.run(2)
    expect(seen).toEqual([2, 3, 1, 2])
  })

  test('refuses wrong answers, by what is read of them', async () => {
    const subject = (wrongKey: number) =>
      calls({
        name: 'some',
        keys,
        inFlight: 4,
        call: async (key) => JSON.stringify({ key: key === wrongKey ? -1 : key }),
        read: (text) => JSON.parse(text) as unknown,
        expected: (key) => ({ key }),
      })
    await subject(-2).check()
    await expect(subject(99).check()).rejects.toThrow(
      'some: of key 99 expected {"key":99}, received {"key":-1}',
    )
  })
})

describe('hitsOnly', () => {
  test('refuses a subject whose reads were more than hits, but for one in a thousand', async () => {
    let reads = { hits: 5, total: 10 }
    const subject = await hitsOnly(steadySubject('one', 1), () => reads)
    reads = { hits: 1_004, total: 1_010 }
    await subject.check()
    reads = { hits: 1_003, total: 1_010 }
    await expect(subject.check()).rejects.toThrow(
      'one: expected hits alone, received 998 of 1000 reads: is the machine busy?',
    )
    reads = { hits: 5, total: 10 }
    await expect(subject.check()).rejects.toThrow('received 0 of 0 reads')
  })
})

describe('runGroup', () => {
  const measuring = { rounds: 1, sampleMs: 1, warmUps: 0 }
  const group = (open: Group['open']): Group => ({ name: 'g', title: 't', needs: ['Redis'], open })

  test('closes what was opened, the last one first, also when opening fails half-way', async () => {
    const closed: string[] = []
    const failing = group(async (defer) => {
      defer(() => closed.push('server'))
      defer(() => closed.push('client'))
      throw new Error('no')
    })
    await expect(runGroup(failing, ['Redis'], measuring)).rejects.toThrow('no')
    expect(closed).toEqual(['client', 'server'])
  })

  test('checks the answers before it measures, and after', async () => {
    const steps: string[] = []
    const one = steadySubject('one', 1)
    const subject = {
      ...one,
      run: (operations: number) => {
        steps.push('run')
        return one.run(operations)
      },
      check: async () => void steps.push('check'),
    }
    const { subjects } = await runGroup(
      group(async () => ({ subjects: [subject], comparisons: [] })),
      ['Redis'],
      measuring,
    )
    expect(steps).toEqual(['check', 'run', 'check'])
    expect(subjects[0]?.operationsPerSecond.median).toBe(1e6)
    expect(subjects[0]?.cpuUsPerOperation.median).toBe(2)
  })

  test('opens nothing where a server that it needs is not installed', async () => {
    const opening = group(() => Promise.reject(new Error('opened')))
    const result = await runGroup(opening, ['PostgreSQL'], measuring)
    expect(result).toMatchObject({ missing: ['Redis'], subjects: [], comparisons: [] })
  })
})

test('draws different users of a usual size', () => {
  const users = [...drawUsers(500)]
  expect(new Set(users.map(([id]) => id)).size).toBe(500)
  for (const [id, user] of users) {
    expect(user.id).toBe(id)
    expect(JSON.stringify(user).length).toBeGreaterThan(120)
    expect(JSON.stringify(user).length).toBeLessThan(180)
  }
})
