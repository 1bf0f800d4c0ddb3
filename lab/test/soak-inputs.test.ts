import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { readArguments } from '../soak/arguments.ts'
import { courseOf, isFlat, metricOf, rssOf } from '../soak/memory.ts'
import { patternNames } from '../soak/patterns.ts'
import { zipfPopularity } from '../soak/popularity.ts'
import { seededRandom } from '../soak/random.ts'
import { troubleOf } from '../soak/service-log.ts'
import { nextIntent, shares } from '../soak/traffic.ts'

describe('the arguments of a soak', () => {
  test('are all patterns, two processes, 64 clients and a minute by default', () => {
    expect(readArguments([])).toEqual({
      patterns: patternNames,
      processes: 2,
      clients: 64,
      seconds: 60,
      users: 20_484,
      seed: 1,
      redisUrl: undefined,
      databaseUrl: undefined,
      isEmbedded: false,
      isFlapping: false,
      json: undefined,
    })
  })

  test('name one pattern, and servers that are there', () => {
    const servers = ['--redis-url', 'redis://r', '--database-url', 'postgres://p']
    const args = readArguments(['--pattern', 'write-behind', ...servers])
    expect(args).toMatchObject({ patterns: ['write-behind'], redisUrl: 'redis://r' })
    expect(readArguments(['--help'])).toBeUndefined()
  })

  test('are one process, 4 clients and ten minutes where servers flap', () => {
    const args = readArguments(['--flap'])
    expect(args).toMatchObject({ isFlapping: true, processes: 1, clients: 4, seconds: 600 })
    expect(readArguments(['--flap', '--seconds', '5', '--clients', '9'])).toMatchObject({
      seconds: 5,
      clients: 9,
    })
  })

  test.each([
    [['--flap', '--embedded'], '--flap starts servers of its own'],
    [['--flap', '--redis-url', 'r', '--database-url', 'd'], '--flap starts servers of its own'],
    [['--flap', '--processes', '2'], 'one process a service'],
    [['--pattern', 'redis'], 'received "redis"'],
    [['--pattern', 'toString'], 'received "toString"'],
    [['--processes', '0'], '--processes: expected a whole number from 1 to 16, received "0"'],
    [['--clients', '1e3'], 'received "1e3"'],
    [['--users', '999'], '--users: expected a whole number from 1000'],
    [['--seconds', ''], 'received ""'],
    [['--seed', '-1'], '--seed'],
    [['--redis-url', 'redis://r'], 'give both, or neither'],
    [['--embedded'], 'add --processes 1'],
    [['--embedded', '--redis-url', 'r', '--database-url', 'd'], 'not both'],
    [['--loud'], "Unknown option '--loud'"],
    [['all'], 'Unexpected argument'],
  ])('are refused as %j, in one line', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
    expect(() => readArguments(args)).toThrow(/^[^\n]+$/)
  })
})

describe('traffic', () => {
  test('is made of shares of a thousand', () => {
    expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBe(1_000)
  })

  test('is the same for the same seed and client, and another for others', () => {
    const some = (...seeds: number[]) => {
      const random = seededRandom(...seeds)
      return Array.from({ length: 100 }, () => nextIntent(random))
    }
    expect(some(1, 2)).toEqual(some(1, 2))
    expect(some(1, 2)).not.toEqual(some(1, 3))
    expect(some(1, 2)).not.toEqual(some(2, 1))
    expect(new Set(some(1, 2)).size).toBeGreaterThan(5)
  })

  test('asks for few users often, and for every user sometimes', () => {
    const random = seededRandom(7)
    const popularity = zipfPopularity(100, 4, 7)
    const times = new Map<number, number>()
    for (let n = 0; n < 20_000; n += 1) {
      const id = popularity.any(random)
      times.set(id, (times.get(id) ?? 0) + 1)
    }
    expect([...times.keys()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    )
    const sorted = [...times.values()].sort((a, b) => b - a)
    // Zipf's share of the first of a hundred is 19 %, of the second half of that.
    expect((sorted[0] ?? 0) / 20_000).toBeCloseTo(0.19, 1)
    expect((sorted[1] ?? 0) / (sorted[0] ?? 1)).toBeCloseTo(0.5, 1)
  })

  test('writes each user by one client alone', () => {
    const random = seededRandom(9)
    const popularity = zipfPopularity(103, 8, 9)
    const owner = new Map<number, number>()
    for (let n = 0; n < 40_000; n += 1) {
      const client = n % 8
      const id = popularity.ownedBy(client, random)
      expect(owner.get(id) ?? client).toBe(client)
      owner.set(id, client)
    }
    expect(owner.size).toBe(103)
  })
})

describe('memory', () => {
  const mebibyte = 2 ** 20
  const course = (at: (index: number) => number, samples = 40) =>
    courseOf(Array.from({ length: samples }, (_, index) => at(index) * mebibyte))

  test('is flat within 15 % and 20 MiB of the second quarter', () => {
    expect(isFlat(course(() => 100))).toBe(true)
    expect(isFlat(course((index) => (index < 10 ? 50 : 150)))).toBe(true)
    expect(isFlat(course((index) => (index < 20 ? 100 : 135)))).toBe(true)
    expect(isFlat(course((index) => (index < 20 ? 100 : 136)))).toBe(false)
    expect(isFlat(course((index) => 100 + 3 * index))).toBe(false)
  })

  test('is judged by medians: one large sample is no leak', () => {
    expect(isFlat(course((index) => (index === 35 ? 900 : 100)))).toBe(true)
    expect(isFlat(course((index) => index * 100, 15))).toBeUndefined()
    expect(course((index) => index)).toMatchObject({
      first: 0,
      secondQuarter: 15 * mebibyte,
      lastQuarter: 35 * mebibyte,
      last: 39 * mebibyte,
    })
  })

  test('of a process that keeps what it allocates grows', async () => {
    // Bounded, and over when nobody holds its standard input: whatever becomes of this test, it does not fill the machine.
    const kept = `const kept = []
      setInterval(() => kept.length < 100 && kept.push(Buffer.alloc(2 ** 21, 1)), 20)
      process.stdin.on('close', () => process.exit()).resume()`
    const child = spawn(process.execPath, ['--eval', kept], { stdio: ['pipe', 'ignore', 'ignore'] })
    try {
      await once(child, 'spawn')
      const samples: number[] = []
      const giveUpAt = performance.now() + 15_000
      while (isFlat(courseOf(samples)) !== false && performance.now() < giveUpAt) {
        const bytes = await rssOf(child.pid ?? 0)
        // Elsewhere than on Linux the service is asked itself.
        if (bytes === undefined) return expect(process.platform).not.toBe('linux')
        samples.push(bytes)
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      expect(isFlat(courseOf(samples))).toBe(false)
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('is read from Prometheus text', () => {
    const text = '# HELP a_bytes A\na_bytes{x="1"} 5\na_bytes 1.5e+7\nb_a_bytes 3\n'
    expect(metricOf(text, 'a_bytes')).toBe(15_000_000)
    expect(() => metricOf(text, 'c')).toThrow('/metrics: expected a figure c, received none')
  })
})

describe('a line of a log', () => {
  const line = (entry: object) => JSON.stringify({ time: 1, pid: 2, hostname: 'h', ...entry })

  test('is trouble from level warn on', () => {
    expect(troubleOf(line({ level: 30, msg: 'info' }))).toBeUndefined()
    expect(troubleOf('  read-through  http://127.0.0.1:1  promise')).toBeUndefined()
    expect(troubleOf(line({ level: 40, msg: 'm', key: 'k' }))).toEqual({
      line: '{"level":40,"msg":"m"}',
      message: 'm',
    })
    expect(troubleOf('{ torn')).toEqual({ line: '{ torn' })
  })

  test('keeps the place in the code of an error, and not of a warning', () => {
    const err = { type: 'CacheError', message: 'STORE_TIMEOUT', stack: 'at f' }
    expect(troubleOf(line({ level: 40, err }))?.line).not.toContain('at f')
    expect(troubleOf(line({ level: 40, err }))?.line).toContain('STORE_TIMEOUT')
    expect(troubleOf(line({ level: 50, err }))?.line).toContain('at f')
  })
})
