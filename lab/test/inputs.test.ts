import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultUrls, readArguments } from '../replay/arguments.ts'
import { outcomeOf } from '../replay/cache-status.ts'
import { progressOf } from '../replay/progress.ts'
import { readTrace } from '../replay/trace.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trace-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

describe('readArguments', () => {
  test('takes all services, one request at a time and a cold cache by default', () => {
    expect(readArguments(['--trace', 'f'])).toEqual({
      trace: 'f',
      urls: Object.values(defaultUrls),
      concurrency: 1,
      isWarm: false,
      asJson: false,
    })
  })

  test('takes one service, or services at other addresses', () => {
    expect(readArguments(['--trace', 'f', '--service', 'write-behind'])?.urls).toEqual([
      'http://127.0.0.1:8004',
    ])
    const other = ['--trace', 'f', '--url', 'http://host:1/', '--url', 'http://host:2']
    expect(readArguments(other)?.urls).toEqual(['http://host:1', 'http://host:2'])
  })

  test.each([
    [[], '--trace FILE is missing'],
    [['--trace', 'f', '--service', 'redis'], 'received "redis"'],
    [['--trace', 'f', '--service', 'toString'], 'received "toString"'],
    [['--trace', 'f', '--url', 'localhost'], 'received "localhost"'],
    [['--trace', 'f', '--url', 'http://h/users'], 'received "http://h/users"'],
    [['--trace', 'f', '--url', 'http://h', '--service', 'all'], 'not both'],
    [['--trace', 'f', '--concurrency', '0'], 'received "0"'],
    [['--trace', 'f', '--concurrency', '1001'], 'received "1001"'],
    [['--trace', 'f', '--cold'], "Unknown option '--cold'"],
    [['f'], 'Unexpected argument'],
  ])('refuses %j in one line', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
    expect(() => readArguments(args)).toThrow(/^[^\n]+$/)
  })
})

describe('readTrace', () => {
  test('reads one key a line, plain or gzipped, whatever ends the lines', async () => {
    const expected = { keys: ['1', '2', '1'], distinctKeys: 2 }
    expect(await readTrace(await file('plain', '1\n2\n1\n'))).toEqual(expected)
    expect(await readTrace(await file('windows', '1\r\n\r\n2\r\n1'))).toEqual(expected)
    expect(await readTrace(await file('packed.gz', gzipSync('1\n2\n1\n')))).toEqual(expected)
  })

  test('refuses a file that is missing, empty or damaged, in one line', async () => {
    await expect(readTrace(join(folder, 'none'))).rejects.toThrow(/cannot read .* \(ENOENT\)$/)
    await expect(readTrace(await file('empty', '\n\n'))).rejects.toThrow(/holds no key$/)
    const damaged = await file('damaged', gzipSync('1\n2\n').subarray(0, 15))
    await expect(readTrace(damaged)).rejects.toThrow(/cannot unpack .* \(Z_BUF_ERROR\)$/)
  })

  test('finds in web07 the requests and keys that its source names', async () => {
    const web07 = new URL('../workloads/web07.txt.gz', import.meta.url).pathname
    const { keys, distinctKeys } = await readTrace(web07)
    expect([keys.length, distinctKeys]).toEqual([76_118, 20_484])
  })
})

describe('outcomeOf', () => {
  test.each([
    ['"read-through"; hit; ttl=283', 200, 'hit'],
    ['"read-through"; hit; ttl=0', 200, 'hit'],
    ['"read-through"; hit; ttl=-3', 200, 'stale'],
    ['"read-through"; hit; ttl=20', 404, 'negative'],
    ['"read-through"; fwd=miss; stored', 200, 'miss'],
    ['"read-through"; fwd=miss; collapsed', 200, 'miss'],
    ['"read-through"; fwd=miss; stored', 404, 'miss'],
    ['"read-through"; fwd=bypass; detail=stale', 200, 'bypass'],
    ['"read-through"', 200, undefined],
    ['hit', 200, undefined],
    [undefined, 200, undefined],
  ])('reads %j of a %i as %s', (header, status, outcome) => {
    expect(outcomeOf(header, status)).toBe(outcome)
  })
})

describe('progressOf', () => {
  test('writes a line at every tenth when it does not write to a terminal', () => {
    const written: string[] = []
    const output = { isTTY: false, write: (text: string) => written.push(text) }
    const progress = progressOf('users', 40, output as unknown as NodeJS.WriteStream)
    for (let done = 1; done <= 40; done += 1) progress.update(done)
    expect(written).toHaveLength(10)
    expect(written.slice(0, 2)).toEqual(['users 10 %\n', 'users 20 %\n'])
    expect(written.at(-1)).toBe('users 100 %\n')
  })
})
