import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readArguments } from '../load/arguments.ts'
import { loadCommand } from '../load/load-command.ts'
import type { LoadReport } from '../load/load-report.ts'
import { page } from '../load/page.ts'
import { report } from '../load/report.ts'
import { type FakeTarget, fakeTarget } from './fake-target.ts'

const target = ['--target', 'http://127.0.0.1:8001']
const paced = [...target, '--rate', '100']

describe('the arguments of a load', () => {
  test('are cluster 7 and thirty seconds by default', () => {
    expect(readArguments(paced)).toEqual({
      targets: ['http://127.0.0.1:8001'],
      pace: { perSecond: 100 },
      durationMs: 30_000,
      warmUpMs: 2_000,
      deadlineMs: 10_000,
      workload: { cluster: 7, keys: 1_000, skew: undefined, valueBytes: undefined, seed: 1 },
      isFilled: false,
      json: undefined,
      html: undefined,
    })
    expect(readArguments(['--help'])).toBeUndefined()
  })

  test('name several targets, a closed loop, and times in any unit', () => {
    const more = ['--target', 'http://host:2/', '--clients', '8', '--duration', '5m']
    const times = ['--warm-up', '500ms', '--deadline', '1s']
    expect(readArguments([...target, ...more, ...times])).toMatchObject({
      targets: ['http://127.0.0.1:8001', 'http://host:2'],
      pace: { clients: 8 },
      durationMs: 300_000,
      warmUpMs: 500,
      deadlineMs: 1_000,
    })
  })

  test('make a workload by hand, change one of a cluster, or name a trace', () => {
    const workload = (...args: string[]) => readArguments([...paced, ...args])?.workload
    expect(workload('--mix', 'get=80,put=19.5,delete=0.5', '--skew', '0', '--keys', '9')).toEqual({
      mix: { get: 80, put: 19.5, delete: 0.5 },
      skew: 0,
      keys: 9,
      valueBytes: undefined,
      seed: 1,
    })
    const changed = workload('--cluster', '54', '--value-bytes', '300', '--seed', '5')
    expect(changed).toMatchObject({ cluster: 54, valueBytes: 300, seed: 5 })
    expect(workload('--trace', 'f')).toEqual({ trace: 'f', seed: 1 })
  })

  test('of a trace let it run to its end, from a cold start', () => {
    const args = readArguments([...paced, '--trace', 'f'])
    expect(args).toMatchObject({ durationMs: undefined, warmUpMs: 0 })
    expect(readArguments([...paced, '--trace', 'f', '--duration', '1s'])?.durationMs).toBe(1_000)
  })

  test.each([
    [['--rate', '1'], '--target URL is missing'],
    [target, 'expected --rate N or --clients N, received neither'],
    [[...paced, '--clients', '1'], 'expected --rate N or --clients N, received both'],
    [['--target', 'localhost', '--rate', '1'], '--target: expected an address such as http://'],
    [[...target, '--rate', '0'], '--rate: expected a number from 1 to 100000, received "0"'],
    [[...target, '--rate', 'fast'], 'received "fast"'],
    [[...target, '--clients', '1.5'], '--clients: expected a whole number from 1 to 1000'],
    [[...paced, '--duration', '30'], '--duration: expected a duration such as 500ms, 30s or 5m'],
    [[...paced, '--duration', '25h'], 'at most 24h, received "25h"'],
    [[...paced, '--deadline', '0s'], '--deadline: expected more than 0'],
    [[...paced, '--cluster', '55'], '--cluster: expected a whole number from 1 to 54'],
    [[...paced, '--cluster', '1', '--mix', 'get=1'], 'give one of --cluster, --mix and --trace'],
    [[...paced, '--trace', 'f', '--keys', '5'], '--trace has keys and values of its own'],
    [[...paced, '--mix', 'get'], '--mix: expected parts of get, post, put, delete'],
    [[...paced, '--mix', 'get=1,get=2'], 'received "get=1,get=2"'],
    [[...paced, '--mix', 'patch=1'], 'received "patch=1"'],
    [[...paced, '--mix', 'get=0'], 'received "get=0"'],
    [[...paced, '--skew', '3.5'], '--skew: expected a number from 0 to 3, received "3.5"'],
    [[...paced, '--loud'], "Unknown option '--loud'"],
    [[...paced, 'all'], 'Unexpected argument'],
  ])('are refused as %j, in one line', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
    expect(() => readArguments(args)).toThrow(/^[^\n]+$/)
  })
})

const machine = {
  date: '2026-01-02T03:04:05.678Z',
  node: 'v20',
  cpu: 'a <CPU>',
  cpus: 2,
  load: 0,
  commit: 'abc1234',
  isChanged: false,
  command: 'npm run load',
}

const shown: string[] = []
const output = { isTTY: false, write: (line: string) => shown.push(line) }

function commandOn(url: string, ...args: string[]): Promise<LoadReport> {
  const options = readArguments(['--target', url, '--warm-up', '0s', ...args])
  if (options === undefined) throw new Error('expected arguments, received --help')
  return loadCommand(options, machine, output as unknown as NodeJS.WriteStream)
}

describe('the command', () => {
  const users = 20
  let fake: FakeTarget
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'load-'))
    fake = await fakeTarget(({ method, path }, response, number) => {
      const id = Number(path.split('/').at(-1))
      if (method === 'DELETE') return response.writeHead(503).end()
      response.setHeader('cache-status', number % 4 === 0 ? '"x"; fwd=miss' : '"x"; hit; ttl=9')
      response.writeHead(id > users ? 404 : 200).end('{}')
    })
  })
  afterAll(async () => {
    await fake.close()
    await rm(folder, { recursive: true })
  })

  const mixed = ['--mix', 'get=70,put=20,delete=10', '--keys', '20', '--clients', '2']

  test('reports latencies, errors and the hit ratio, as text and as a page', async () => {
    const load = await commandOn(fake.url, ...mixed, '--duration', '1200ms')
    const { result, timeline, answered } = load
    expect(answered).toBe(result.requests)
    expect(shown.at(-1)).toMatch(
      /^load 100 % \| [0-9,]+\/s, p50 .+ ms, hits .+ %, errors [0-9]+\n$/,
    )
    expect([timeline[0]?.isWhole, timeline.at(-1)?.isWhole]).toEqual([true, false])
    expect(timeline.reduce((sum, { requests }) => sum + requests, 0)).toBe(result.requests)
    expect(timeline[0]?.hitRatio).toBeCloseTo(0.75, 0)
    const text = report(load)
    expect(text).toContain('by hand: 70.0 % GET, 20.0 % PUT, 10.0 % DELETE; 20 users, Zipf 1')
    expect(text).toMatch(/^GET +[0-9,]+ .*0$/m)
    expect(text).toMatch(/^GET, miss +[0-9,]+/m)
    expect(text).toContain(`error: DELETE 503: ${result.kinds.delete.requests.toLocaleString()}`)
    expect(text).toMatch(/hit ratio [5-9][0-9]\.[0-9] %/)
    expect(text).not.toContain('warning')
    const html = page(load)
    expect(html).toContain('a &lt;CPU&gt;, 2 cores')
    expect(html).not.toMatch(/NaN|undefined|Infinity|<script|src=|href=|<CPU>/)
    expect(html.match(/<svg class="narrow"/g)).toHaveLength(4)
    // Each color once by day and once by night.
    for (const color of html.match(/(?<=var\()--[a-z]+/g) ?? []) {
      expect(html.split(`${color}:`)).toHaveLength(3)
    }
  })

  test('writes every user once before it begins, with --fill', async () => {
    const before = fake.received.length
    const load = await commandOn(fake.url, ...mixed, '--duration', '0s', '--fill')
    const filled = fake.received.slice(before).filter(({ method }) => method === 'PUT')
    expect(new Set(filled.map(({ path }) => path)).size).toBe(20)
    expect(filled).toHaveLength(20)
    expect(load.isFilled).toBe(true)
    const tooMany = commandOn(fake.url, '--clients', '1', '--keys', '25', '--fill')
    await expect(tooMany).rejects.toThrow('start the service with SEED_USERS=25')
  })

  test('does not count its warm-up', async () => {
    const before = fake.received.length
    const load = await commandOn(fake.url, ...mixed, '--duration', '50ms', '--warm-up', '100ms')
    expect(load.warmUpMs).toBe(100)
    const sent = fake.received.length - before
    // One asked whether the service is there.
    expect(load.result.requests).toBeLessThan(sent - 1)
  })

  test('sends the requests of a trace, and says what they ask for in vain', async () => {
    const trace = join(folder, 'trace')
    await writeFile(trace, Array.from({ length: 25 }, (_, key) => `k${key}\n`).join(''))
    const before = fake.received.length
    const load = await commandOn(fake.url, '--trace', trace, '--clients', '3')
    const paths = fake.received.slice(before + 1).map(({ path }) => path)
    expect([...paths].sort()).toEqual(
      Array.from({ length: 25 }, (_, index) => `/users/${index + 1}`).sort(),
    )
    expect(report(load)).toContain(
      'warning: 5 answers were 404: deleted users, or a service with a SEED_USERS below 25',
    )
    expect(report(load)).toContain('25 requests; 25 users; seed 1')
  })

  test('says when it was late itself, and when fewer ended than were asked for', async () => {
    const load = await commandOn(fake.url, ...mixed, '--duration', '100ms')
    const pace = { perSecond: 1_000 }
    const result = { ...load.result, requests: 2_000, ms: 4_000, sentLate: 500 }
    const late = report({ ...load, pace, result })
    expect(late).toContain('500 requests (25.0 %) were sent more than 10 ms after they were due')
    expect(late).toContain('fewer requests ended than were asked for')
    expect(report({ ...load, machine: { ...machine, load: 1.5 } })).toContain('load 1.5 before')
  })

  test('does not begin where nobody answers', async () => {
    const gone = await fakeTarget((_, response) => response.end())
    await gone.close()
    await expect(commandOn(gone.url, '--rate', '1')).rejects.toThrow(
      `${gone.url} does not answer (ECONNREFUSED): is the service running?`,
    )
  })

  test('makes a page of a load in which nothing was answered', async () => {
    const silent = await fakeTarget(({ path }, response) => {
      if (path === '/healthz') response.end()
    })
    const args = ['--clients', '2', '--duration', '50ms', '--deadline', '100ms']
    const load = await commandOn(silent.url, ...args)
    await silent.close()
    expect(load.answered).toBe(0)
    expect(report(load)).toContain('hit ratio unknown: no Cache-Status')
    expect(page(load)).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('exits 1 when nothing was answered, and all the same keeps what it measured', async () => {
    const silent = await fakeTarget(({ path }, response) => {
      if (path === '/healthz') response.end()
    })
    const [json, html] = [join(folder, 'load.json'), join(folder, 'load.html')]
    const brief = ['--duration', '50ms', '--deadline', '100ms', '--warm-up', '0s']
    const args = ['--target', silent.url, '--clients', '2', ...brief]
    const main = new URL('../dist/load/main.js', import.meta.url).pathname
    const files = ['--json', json, '--html', html]
    const { code, stderr } = await promisify(execFile)(process.execPath, [
      main,
      ...args,
      ...files,
    ]).then(
      () => ({ code: 0, stderr: '' }),
      (error: { readonly code: number; readonly stderr: string }) => error,
    )
    await silent.close()
    expect([code, stderr.split('\n').at(-2)]).toEqual([1, 'Nothing was answered.'])
    expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({ answered: 0 })
    expect(await readFile(html, 'utf8')).toContain('<!doctype html>')
  })
})
