import { describe, expect, test } from 'vitest'
import type { Check } from '../soak/findings.ts'
import { patterns, type Traits } from '../soak/patterns.ts'
import { report } from '../soak/report.ts'
import type { SoakResult } from '../soak/result.ts'
import { type SoakOptions, soak } from '../soak/soak.ts'
import { FakeWorld, type Faults, fakeSubject } from './soak-fake-service.ts'

const users = 200

async function run(faults: Faults = {}, options: Partial<SoakOptions> = {}): Promise<SoakResult> {
  const world = new FakeWorld(users, faults)
  const subjects = [await fakeSubject(world, 'process 1'), await fakeSubject(world, 'process 2')]
  return soak(subjects, {
    pattern: 'read-through',
    traits: patterns['read-through'] as Traits,
    clients: 8,
    seconds: 0.1,
    minRequests: 800,
    users,
    seed: 1,
    patienceMs: 1_000,
    drainMs: 200,
    sampleMs: 5,
    adminToken: 'token',
    onProgress: () => undefined,
    ...options,
  })
}

const failed = ({ findings }: SoakResult) => findings.map(({ check }) => check)
const words = ({ findings }: SoakResult) =>
  findings.flatMap(({ examples }) => examples.map(({ text }) => text)).join('\n')

describe('soak', () => {
  test('passes two processes that do what they promise, and says what they did', async () => {
    const result = await run()
    expect(result.findings).toEqual([])
    expect(result.methods.map(({ method }) => method)).toEqual(['GET', 'POST', 'PUT', 'DELETE'])
    const requests = result.methods.map((each) => each.requests)
    expect(Math.min(...requests)).toBeGreaterThan(0)
    const reads = result.methods[0]?.requests ?? 0
    expect(reads / requests.reduce((sum, each) => sum + each)).toBeCloseTo(0.8, 1)
    const { hits = 0, misses = 0, negative = 0 } = result.reads
    expect(hits + misses + negative).toBe(reads)
    expect(result.rowsCompared).toBeGreaterThan(0)
    expect(report(result)).toContain('read-through on memory and memory: passed')
  })

  const journal = {
    ...{ dirty: 0, enqueued: 0, coalesced: 0, flushed: 0 },
    ...{ retries: 0, deadLetters: 0, fenced: 0, lost: 0 },
  }
  let grown = 0
  const faults: [title: string, faults: Faults, check: Check, word: string | RegExp][] = [
    [
      'loses one update',
      { losesUpdateAfter: 5 },
      'consistency',
      / shows .* after write \d+ was ack/,
    ],
    ['loses rows that the cache has', { losesRowsAfter: 5 }, 'rows', / shows .* after write/],
    [
      'evicts an entry in one process alone',
      { cachesApart: true },
      'consistency',
      /^process [12]: /,
    ],
    ['keeps deleted users', { keepsDeleted: true }, 'consistency', / shows write \d+ after write/],
    ['shows another user', { showsAnotherUser: true }, 'consistency', 'shows no user of this id'],
    ['answers 500 once', { failsOnce: { after: 20, how: 500 } }, 'answers', 'received 500'],
    ['keeps silent once', { failsOnce: { after: 20, how: 'silence' } }, 'answers', 'no answer'],
    ['cuts a connection once', { failsOnce: { after: 20, how: 'cut' } }, 'answers', 'ECONNRESET'],
    ['leaves out Cache-Status', { mumblesAfter: 20 }, 'answers', 'no Cache-Status'],
    [
      'ignores conditions',
      { ignoresConditions: true },
      'consistency',
      /200 with the ETag that If-None/,
    ],
    [
      'answers an update with what was before',
      { answersWithOld: true },
      'answers',
      /^write of user/,
    ],
    ['confirms no write', { writeStatus: 'unconfirmed' }, 'answers', 'received unconfirmed'],
    ['is degraded', { readyStatus: 'degraded' }, 'answers', 'received degraded'],
    ['empties no cache', { clearsNothing: true }, 'rows', 'expected a load from the database'],
    ['logs a warning', { troubles: [{ line: 'w', message: 'w' }] }, 'log', 'process 2: w'],
    ['leaks heap', { leaks: { heap: 2 ** 21 } }, 'memory', /heap grew from \d+ to \d+ MiB/],
    ['leaks outside of the heap', { leaks: { rss: 2 ** 21 } }, 'memory', /RSS grew from/],
    [
      'keeps writes in its journal',
      { journal: { ...journal, dirty: 3 } },
      'journal',
      '3 users are',
    ],
    [
      'counts a write that it never flushed',
      {
        journal,
        miscounts: (figures) => {
          grown += 1
          if (figures.journal) figures.journal.enqueued = grown
        },
      },
      'journal',
      'rows were flushed',
    ],
  ]

  test.each(faults)('fails a service that %s', async (_, fault, check, word) => {
    const result = await run(fault, check === 'memory' ? { minRequests: 3_000, sampleMs: 1 } : {})
    expect(failed(result)).toContain(check)
    expect(words(result)).toMatch(word)
    expect(report(result)).toContain(`FAILED, ${check}: `)
  })

  test.each([
    'reads.total',
    'reads.hits',
    'reads.misses',
    'reads.stale',
    'reads.negative',
    'reads.bypass',
    'loads.total',
    'loads.joined',
    'loads.failures',
    'writes.total',
    'writes.failures',
    'writes.unconfirmed',
    'writes.outcomeUnknown',
  ] as const)('fails a service that counts too many %s', async (figure) => {
    const [group, name] = figure.split('.') as ['reads', 'hits']
    let asked = 0
    const result = await run({
      miscounts(figures) {
        // Both processes are asked before the traffic, and again after it.
        asked += 1
        if (asked === 3) figures[group][name] += 20
      },
    })
    expect(failed(result)).toEqual(['figures'])
    expect(words(result)).toMatch(new RegExp(`^process [12]: ${figure} grew by `, 'm'))
  })

  test('expects nothing of answers that are labelled stale, and counts them', async () => {
    const old = await run({ cachesApart: true, labelsStale: true })
    expect(old.findings).toEqual([])
    expect(old.labelledStale).toBeGreaterThan(0)
    expect(old.reads.bypass).toBe(old.labelledStale)
  })

  test('notes a warning that readiness tells of, and does not fail for its line in the log', async () => {
    const warning = 'a crash of Redis loses all'
    const result = await run({ warnings: [warning], troubles: [{ line: '{}', message: warning }] })
    expect(result.findings).toEqual([])
    expect(result.notes).toEqual([warning])
    expect(report(result)).toContain(`note: ${warning}`)
  })

  test('takes garbage for no leak', async () => {
    const leaks = { heap: 2 ** 21, isGarbage: true }
    const result = await run({ leaks }, { minRequests: 3_000, sampleMs: 1 })
    expect(result.findings).toEqual([])
    expect(report(result)).not.toContain('too short to judge')
  })

  test('judges no memory of a run that was too short', async () => {
    const result = await run({ leaks: { heap: 2 ** 25 } }, { minRequests: 0, sampleMs: 50 })
    expect(failed(result)).toEqual([])
    expect(report(result)).toContain('too short to judge')
  })
})
