import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readArguments } from '../bench/arguments.ts'
import type { BenchResults } from '../bench/results.ts'

const main = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url))
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function bench(...args: string[]) {
  const child = spawn(process.execPath, [main, '--results', folder, ...args])
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ])
  return { out, errors, code }
}

describe('the arguments of bench', () => {
  const names = ['a', 'b']

  test('measure every group in fifteen rounds unless they say otherwise', () => {
    expect(readArguments([], names)).toMatchObject({ groups: names, rounds: 15, sampleMs: 250 })
    expect(readArguments(['--quick'], names)).toMatchObject({ rounds: 3, sampleMs: 50 })
    expect(readArguments(['--quick', '--rounds', '7', '--only', 'b'], names)).toMatchObject({
      groups: ['b'],
      rounds: 7,
    })
    expect(readArguments(['--help'], names)).toBeUndefined()
  })

  test('name groups with or without --only, and some run only when they are named', () => {
    const all = ['a', 'b-1', 'b-2']
    const groups = (...args: string[]) => readArguments(args, all, ['b-1', 'b-2'])?.groups
    expect(groups()).toEqual(['a'])
    expect(groups('b')).toEqual(['b-1', 'b-2'])
    expect(groups('b-2', '--only', 'a')).toEqual(['b-2', 'a'])
  })

  test.each([
    [['--only', 'c'], 'GROUP: expected a, b, received "c"'],
    [['c'], 'GROUP: expected a, b, received "c"'],
    [['--rounds', '0'], '--rounds: expected a whole number from 1 to 1000, received "0"'],
    [['--rounds', '1001'], '--rounds: expected a whole number from 1 to 1000, received "1001"'],
    [['--fast'], "Unknown option '--fast' (--help shows all)"],
  ])('are refused by name: %j', (args, message) => {
    expect(() => readArguments(args, names)).toThrow(message)
  })
})

describe('bench', () => {
  test('prints a table and keeps every sample, with what they were measured on', async () => {
    const { out, code } = await bench('--only', 'memory-hit', '--quick', '--rounds', '2')
    expect(code).toBe(0)
    expect(out).toMatch(/^\S+ \S+ UTC \| Node v\S+ \| .+ cores \| .+\nnpm run bench -- --results /)
    expect(out).toMatch(
      /get\(\), 1000 number keys \/ lru-cache, 1000 number keys +\d.*at least 0\.4 +\w+/,
    )
    const [file = ''] = await readdir(folder)
    const results = JSON.parse(await readFile(join(folder, file), 'utf8')) as BenchResults
    expect(file).toBe(`bench-${results.date.slice(0, 19).replaceAll(':', '-')}.json`)
    expect(results).toMatchObject({ node: process.version, rounds: 2, cpus: expect.any(Number) })
    expect(results.groups.map(({ name }) => name)).toEqual(['memory-hit'])
    for (const { samples } of results.groups[0]?.subjects ?? []) {
      expect(samples).toHaveLength(2)
      for (const each of samples) expect(Math.min(...Object.values(each))).toBeGreaterThan(0)
    }
  }, 60_000)

  test('refuses an unknown group in one line', async () => {
    const { out, errors, code } = await bench('--only', 'rivals')
    expect([out, code]).toEqual(['', 1])
    expect(errors).toMatch(/^GROUP: expected redis-hit-1, .+, received "rivals"\n$/)
  })
})

describeWith(['redis', 'postgres'], 'bench with servers of its own', () => {
  // On a busy machine a store may be late more often than is tolerated: the command says so, and means it.
  const options = { timeout: 90_000, retry: 2 }

  test('measures hits alone, of services in processes of their own too', options, async () => {
    const names = ['redis-hit-64', 'http-hit']
    const only = names.flatMap((name) => ['--only', name])
    const { out, errors, code } = await bench('--json', '--quick', '--rounds', '2', ...only)
    expect(errors).not.toContain('expected')
    expect(code).toBe(0)
    const results = JSON.parse(out) as BenchResults
    expect(results.groups.map(({ name, missing }) => [name, missing])).toEqual(
      names.map((name) => [name, []]),
    )
    for (const { subjects, comparisons } of results.groups) {
      for (const { cpuUsPerOperation } of subjects) expect(cpuUsPerOperation.min).toBeGreaterThan(0)
      for (const { spread } of comparisons) expect(Number.isFinite(spread.median)).toBe(true)
      expect(comparisons.some(({ verdict }) => verdict !== undefined)).toBe(true)
    }
  })
})
