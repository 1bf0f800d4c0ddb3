import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Holdings } from '../soak/companion.ts'
import { exchange } from '../soak/exchange.ts'
import { Findings } from '../soak/findings.ts'
import { FlapTraffic } from '../soak/flap-traffic.ts'
import { heldResult, judgeHeld } from '../soak/held.ts'
import { startService } from '../soak/service-process.ts'
import { Tally } from '../soak/tally.ts'
import { FakeWorld, type Faults, fakeSubject } from './soak-fake-service.ts'

const workspace = resolve(import.meta.dirname, '../..')
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soak-flap-'))
})
afterAll(() => rm(folder, { recursive: true }))

const texts = (findings: Findings) =>
  findings.all.flatMap(({ check, examples }) => examples.map(({ text }) => `${check}: ${text}`))

describe('what a process holds', () => {
  const mebibyte = 2 ** 20
  /** The nth of its samples. */
  type Sample = (n: number) => Partial<Holdings>

  const found = (sample: Sample, samples = 40) => {
    const findings = new Findings()
    const steady = {
      rssBytes: 100 * mebibyte,
      heapBytes: 30 * mebibyte,
      handles: { TCPSocketWrap: 10, Timeout: 5 },
      ...{ processListeners: 16, listeners: 200, mostListeners: 4 },
    }
    const all = Array.from({ length: samples }, (_, n) => ({ ...steady, ...sample(n) }))
    judgeHeld(heldResult('process 1', all), findings)
    return texts(findings)
  }

  test('is fine while it comes and goes', () => {
    const busy = (n: number) => ({
      handles: { TCPSocketWrap: n % 3 === 0 ? 20 : 4 },
      listeners: n % 2 === 0 ? 80 : 250,
    })
    expect(found(busy)).toEqual([])
  })

  test.each<[string, Sample, RegExp]>([
    ['memory', (n) => ({ rssBytes: (100 + 3 * n) * mebibyte }), /^memory: process 1: RSS grew/],
    ['heap', (n) => ({ heapBytes: (30 + 3 * n) * mebibyte }), /^memory: process 1: heap grew/],
    ['a timer a sample', (n) => ({ handles: { Timeout: n } }), /^handles: process 1: handles grew/],
    [
      'listeners of many emitters',
      (n) => ({ listeners: 200 + 10 * n }),
      /^listeners: process 1: listeners grew from 350 to 550/,
    ],
    ['listeners of process', (n) => ({ processListeners: 16 + n }), /processListeners grew from/],
    ['listeners of one emitter', (n) => ({ mostListeners: 4 + n }), /mostListeners grew from/],
  ])('is found when it grows by %s', (_, sample, words) => {
    expect(found(sample).join('\n')).toMatch(words)
    expect(found(sample)).toHaveLength(1)
  })

  test('is judged by nobody after a few samples', () => {
    expect(found((n) => ({ listeners: 10 ** n }), 15)).toEqual([])
  })

  test('is told by itself, garbage left out: every timer, and every listener that somebody can reach', async () => {
    const file = join(folder, 'leaky.mjs')
    const lines = [
      "import { EventEmitter } from 'node:events'",
      'const emitter = new EventEmitter().setMaxListeners(0)',
      'for (let n = 0; n < 100; n += 1) emitter.on("leak", () => {})',
      'for (let n = 0; n < 50; n += 1) process.on("leak" + n, () => emitter)',
      'for (let n = 0; n < 30; n += 1) setInterval(() => {}, 1_000)',
      'for (let n = 0; n < 5_000; n += 1) new EventEmitter().on("garbage", () => {})',
      "console.log('  read-through   http://127.0.0.1:4711   promise')",
    ]
    await writeFile(file, lines.join('\n'))
    const service = { name: 'leaky', args: [file], folder, environment: {} }
    const process = await startService({ ...service, isCounted: true })
    onTestFinished(async () => {
      await process.stop()
    })
    // What one turn of the loop has made is garbage after it.
    await expect.poll(async () => (await process.holdings())?.listeners).toBeLessThan(1_000)
    const held = await process.holdings()
    expect(held?.handles.Timeout).toBeGreaterThanOrEqual(30)
    expect(held?.mostListeners).toBe(100)
    expect(held?.processListeners).toBeGreaterThanOrEqual(50)
    expect(held?.listeners).toBeGreaterThanOrEqual(150)
    expect(held?.heapBytes).toBeGreaterThan(1_000_000)
    await process.stop()
    expect(await process.holdings()).toBeUndefined()
  })
})

describe('clients of a service whose servers flap', () => {
  async function foundWith(faults: Faults) {
    const subject = await fakeSubject(new FakeWorld(50, faults), 'read-through')
    const connection = exchange(subject.url, 4, 1_000)
    onTestFinished(async () => {
      connection.close()
      await subject.stop()
    })
    const findings = new Findings()
    const endpoint = { name: subject.name, exchange: connection, tally: new Tally() }
    const who = { pattern: 'read-through', clients: 4, users: 50, seed: 1 }
    const traffic = new FlapTraffic({ ...who, endpoint, findings })
    await traffic.run(() => endpoint.tally.requests > 150)
    return texts(findings)
  }

  test('take refusals as they come', async () => {
    expect(await foundWith({ failsOnce: { after: 20, how: 503 } })).toEqual([])
    expect(await foundWith({ writeStatus: 'unconfirmed' })).toEqual([])
  })

  test.each<[string, Faults, RegExp]>([
    [
      'a mistake of the service',
      { failsOnce: { after: 20, how: 500 } },
      /^answers: 1 times \w+: 500/,
    ],
    ['no answer', { failsOnce: { after: 20, how: 'silence' } }, /^answers: 1 times \w+: no answer/],
    ['a lost update', { losesUpdateAfter: 2 }, /^consistency: \d+ times: .* after write \d+ was/],
  ])('find %s', async (_, faults, words) => {
    expect((await foundWith(faults)).join('\n')).toMatch(words)
  })
})

describeWith(['redis', 'postgres'], 'npm run soak -- --flap', () => {
  test('lets servers come and go under a service, and finds it as it was', async () => {
    const json = join(folder, 'flap.json')
    const short = ['--flap', '--seconds', '6', '--users', '1000', '--pattern', 'write-behind']
    const script = ['lab/dist/soak/main.js', ...short, '--json', json]
    const { code, output } = await new Promise<{ code: number; output: string }>((done) => {
      execFile(process.execPath, script, { cwd: workspace }, (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code ?? 255), output: stdout + stderr })
      })
    })
    expect({ code, output }).toMatchObject({ code: 0 })
    expect(output).toMatch(/^write-behind: passed, well \d+ ms after the last outage$/m)
    const { outages, services } = JSON.parse(await readFile(json, 'utf8'))
    expect(Object.keys(outages).length).toBeGreaterThan(0)
    expect(services[0].rowsCompared).toBeGreaterThan(0)
    expect(services[0].held.handles.first).toBeGreaterThan(0)
  }, 120_000)
})
