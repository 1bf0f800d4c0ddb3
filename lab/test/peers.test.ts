import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { chart } from '../bench/chart.ts'
import { peerGroups } from '../bench/groups.ts'
import { runReport } from '../bench/report.ts'
import type { BenchResults } from '../bench/results.ts'
import { readArguments } from '../peers/arguments.ts'
import { configuration } from '../peers/configuration.ts'
import { type Figures, heading } from '../peers/figures.ts'
import { startInstance } from '../peers/instance.ts'
import type { Form, Peer } from '../peers/peer.ts'
import { chosenPeers, peerNamed, peerNames } from '../peers/peers.ts'
import { report } from '../peers/report.ts'
import { type Result, run } from '../peers/run.ts'
import type { Scenario } from '../peers/scenario.ts'
import { scenarios } from '../peers/scenarios.ts'
import { versionsOf } from '../peers/versions.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peers-'))
})
afterAll(() => rm(folder, { recursive: true }))

const form: Form = {
  name: 'plain',
  tiers: 'Redis',
  settings: 'none',
  sources: ['https://example.org'],
  open: () => Promise.reject(new Error('not opened here')),
}
const peer: Peer = { name: 'fake', packages: [], forms: [form], inProcess: [] }

describe('the arguments of peers', () => {
  test('ask for every peer and every scenario unless they say otherwise', () => {
    expect(readArguments([])).toEqual({
      peers: peerNames,
      forms: undefined,
      scenarios: undefined,
      lanes: 8,
      results: undefined,
    })
    expect(readArguments(['--only', 'cachified', '--scenario', '3', '--lanes', '1'])).toMatchObject(
      { peers: ['cachified'], scenarios: [3], lanes: 1 },
    )
    expect(readArguments(['--help'])).toBeUndefined()
  })

  test.each([
    [['--only', 'keyv'], '--only: expected caching-patterns, '],
    [['--scenario', '8'], '--scenario: expected a whole number from 1 to 7, received "8"'],
    [['--lanes', '0'], '--lanes: expected a whole number from 1 to 16, received "0"'],
    [['--fast'], "Unknown option '--fast' (--help shows all)"],
  ])('are refused when they name what is not there: %j', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
  })
})

describe('the table of peers', () => {
  const result = (scenario: Scenario, cell: string): Result => ({
    peer: 'fake',
    form: 'plain',
    scenario: scenario.name,
    findings: scenario.columns.map((column) => ({ column, cell })),
  })

  test('has a line for each form under the columns of what was played', () => {
    const played = scenarios.filter(({ number }) => number === 6).slice(0, 1)
    const other = {
      ...peer,
      name: 'another',
      forms: [{ ...form, tiers: 'memory, Redis' } as const],
    }
    const results = played.map((each) => result(each, '3 ms'))
    const late = results.map((each) => ({
      ...each,
      peer: 'another',
      findings: each.findings.slice(1),
    }))
    expect(report([peer, other], [...results, ...late])).toBe(
      [
        'Redis is away: when a read answers, and when rows are stored again after it is back',
        '                  entries in     down at start: miss  stores again',
        '  fake     plain  Redis          3 ms                 3 ms',
        '  another  plain  memory, Redis                       3 ms',
        '',
      ].join('\n'),
    )
  })

  test('shows every column that a scenario fills', () => {
    const cells = scenarios.flatMap(({ columns }) => columns)
    const results = scenarios.map((scenario) => ({
      ...result(scenario, ''),
      findings: scenario.columns.map((column) => ({ column, cell: `<${column}>` })),
    }))
    const shown = report([peer], results)
    for (const column of cells) expect(shown).toContain(`<${column}>`)
    expect(new Set(cells).size).toBe(cells.length)
  })
})

describe('the peers', () => {
  test('are ours and six others, each form with its settings and the page that advises them', async () => {
    const peers = await Promise.all(peerNames.map(peerNamed))
    expect(peers.map(({ name }) => name)).toEqual(peerNames)
    expect(peerNames).toHaveLength(7)
    for (const { name, forms } of peers) {
      expect(new Set(forms.map((each) => each.name)).size).toBe(forms.length)
      for (const { settings, sources } of forms) {
        expect(settings.length).toBeGreaterThan(10)
        expect(sources).not.toEqual([])
        const page = name === 'caching-patterns' ? /^docs\// : /^https:\/\//
        for (const source of sources) expect(source).toMatch(page)
      }
    }
  })

  test('are refused by a name that is none of theirs', async () => {
    await expect(peerNamed('keyv')).rejects.toThrow(/^peer: expected caching-patterns, .+"keyv"$/)
  })

  test('are chosen with some of their forms', async () => {
    const [ours, dedupe] = await chosenPeers(['caching-patterns', 'async-cache-dedupe'], ['tuned'])
    expect([ours?.forms, dedupe?.forms.map(({ name }) => name)]).toEqual([[], ['tuned']])
    await expect(chosenPeers(['cachified'], ['fast'])).rejects.toThrow(
      '--form: expected default, tuned, received "fast"',
    )
  })

  test('have the versions that are installed', async () => {
    const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8')
    const pinned = (JSON.parse(manifest) as { devDependencies: Record<string, string> })
      .devDependencies
    expect(await versionsOf(Object.keys(pinned))).toEqual(pinned)
  })
})

describe('the page of peers', () => {
  const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

  test('has the table of the figures that are kept, with their versions, date and command', async () => {
    const figures = JSON.parse(await read('lab/results/peers.json')) as Figures
    const page = await read('docs/peers.md')
    expect(page).toContain(
      `\`\`\`text\n${heading(figures)}\n${report(figures.peers, figures.results)}\`\`\``,
    )
  })

  test('has the tables and the chart of what hits cost, of fifteen rounds', async () => {
    const results = JSON.parse(await read('lab/results/bench-peers.json')) as BenchResults
    expect(results).toMatchObject({ rounds: 15, isChanged: false })
    expect(results.groups.map(({ name }) => name)).toEqual(peerGroups.map(({ name }) => name))
    const page = await read('docs/peers.md')
    expect(page).toContain(`\`\`\`text\n${runReport(results)}\`\`\``)
    expect(page).toMatch(/!\[[^\]]+\]\(pictures\/peers-costs\.svg\)/)
    expect(await read('docs/pictures/peers-costs.svg')).toBe(chart(results.groups))
  })

  test('says how each form is set up, and who advises it', async () => {
    const peers = await Promise.all(peerNames.map(peerNamed))
    expect(await read('docs/peers.md')).toContain(`\n${configuration(peers)}\n`)
  })
})

describe('the process of a cache', () => {
  const subject = { peer: 'fake', form: 'plain', redisPort: 1, busPort: 1, ttlMs: 1_000 }
  const load = async (key: string) => ({ key, version: 1, text: key })

  async function start(name: string, body: string) {
    const program = join(folder, `${name}.mjs`)
    await writeFile(
      program,
      `process.on('message', ({ id, call }) => { ${body} })
      process.send({ kind: 'listening' })`,
    )
    const instance = await startInstance(subject, load, program)
    onTestFinished(() => instance.stop())
    return instance
  }

  test('that answers nothing costs no more than the time that a call is given', async () => {
    const silent = await start('silent', '')
    expect(await silent.get('a', 50)).toEqual({ kind: 'silence', ms: 50 })
  })

  test('that dies says why, to the call under way and to all later ones', async () => {
    const dying = await start('dying', `throw new TypeError('no more')`)
    const death = { kind: 'death', message: 'TypeError: no more', ms: 0 }
    expect(await dying.getAtOnce('a', 2)).toEqual([death, death])
    expect(await dying.get('b')).toEqual(death)
  })

  test('that does not start fails with what it said', async () => {
    const program = join(folder, 'broken.mjs')
    await writeFile(program, `throw new Error('cannot be opened')`)
    await expect(startInstance(subject, load, program)).rejects.toThrow(
      /^fake, plain: its process does not start\n(?:.*\n)*.*cannot be opened/,
    )
  })
})

describeWith(['redis'], 'peers on a Redis of their own', () => {
  test('fill their cells with nothing else when a scenario fails', async () => {
    const failing: Scenario = {
      number: 1,
      name: 'failing',
      isTimed: false,
      columns: ['a', 'b'],
      play: () => Promise.reject(new Error('no figure')),
    }
    const left: number[] = []
    const results = await run({
      peers: [peer],
      scenarios: [failing],
      ttlMs: 1_000,
      lanes: 1,
      onResult: (_, count) => left.push(count),
    })
    const measured = { message: 'no figure' }
    expect(results.map(({ findings }) => findings)).toEqual([
      [
        { column: 'a', cell: 'not played', measured },
        { column: 'b', cell: 'not played', measured },
      ],
    ])
    expect(left).toEqual([0])
  })

  test('show ours fresh after an invalidation during a load, with one load for 100 callers', async () => {
    const main = fileURLToPath(new URL('../dist/peers/main.js', import.meta.url))
    const file = join(folder, 'figures.json')
    const one = ['--only', 'caching-patterns', '--form', 'read-through']
    const options = [...one, '--scenario', '1', '--scenario', '3']
    const child = spawn(process.execPath, [main, ...options, '--results', file])
    const [out, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number]>,
    ])
    expect([code, errors.replaceAll(/peers \d+ %\n/g, '')]).toEqual([0, ''])
    expect(out).toMatch(/\n {2}caching-patterns +read-through +Redis +fresh +fresh\n/)
    expect(out).toMatch(/\n {2}caching-patterns +read-through +Redis +1 load\n/)
    const figures = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    expect(figures).toMatchObject({
      node: process.version,
      ttlMs: 2_000,
      command: expect.any(String),
    })
    expect(figures.results).toHaveLength(2)
  }, 60_000)
})
