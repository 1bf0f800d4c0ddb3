import { describe, expect, test } from 'vitest'
import type { PatternName, PatternRecords } from '../advise/advice-result.ts'
import type { Constraints } from '../advise/constraints.ts'
import type { Finding } from '../advise/finding.ts'
import { verdictsOf } from '../advise/verdict.ts'
import { advice, embedded, kill, latencies, replay } from './advice-fixture.ts'

interface Asked extends Partial<PatternRecords> {
  readonly name: PatternName
  readonly constraints: Constraints
}

/** What is said of one pattern that was measured so. */
function verdictOf(
  { name, constraints, ...records }: Asked,
  over: Parameters<typeof advice>[0] = {},
) {
  const result = advice({ ...over, constraints, patterns: { [name]: records } })
  const verdict = verdictsOf(result).find((each) => each.name === name)
  const [finding] = verdict?.findings ?? []
  return { outcome: verdict?.outcome, finding: finding as Finding }
}

describe('--max-staleness', () => {
  const constraints = { maxStalenessMs: 1_000 }
  const stale = (ageMs: number) =>
    replay({
      staleness: { ...replay().staleness, staleAgesMs: [3, ageMs] },
    })

  test.each([
    [1_000, 'satisfies'],
    [1_001, 'falls out'],
  ] as const)('by the oldest read of the replay, %d ms: %s', (ageMs, outcome) => {
    const asked = { name: 'write-through', constraints, replays: [replay(), stale(ageMs)] } as const
    const verdict = verdictOf(asked)
    expect(verdict.outcome).toBe(outcome)
    expect(verdict.finding.words).toMatch(
      /^--max-staleness 1s: 2 of 160 reads of the replay were older/,
    )
    expect(verdict.finding.concession?.argument).toBe(
      outcome === 'satisfies' ? undefined : '--max-staleness 1001ms',
    )
  })

  test('a stale read after a kill stands for the whole TTL, and says what of it was measured', () => {
    const kills = [kill(), kill({ staleReads: 7, staleForMs: 1_800 })]
    const { outcome, finding } = verdictOf({ name: 'read-through', constraints, kills })
    expect(outcome).toBe('falls out')
    expect(finding.words).toBe(
      '--max-staleness 1s: none of 160 reads of the replay was older than a confirmed write; ' +
        '7 of 600 after 2 kills were older than the database, the last 1.8 s after it (measured with a TTL of 2 s); ' +
        'by your TTL it is up to 4 min',
    )
    expect(finding.concession).toEqual({ argument: '--max-staleness 4m', factor: 240 })
  })

  test('what stayed longer than the TTL of the kills is added to that of the traffic', () => {
    const kills = [kill({ staleReads: 1, staleForMs: 2_500 })]
    const asked = { name: 'read-through', constraints, kills } as const
    const { finding } = verdictOf(asked, { settings: { ttlMs: 700 } })
    expect(finding.words).toMatch(/by your TTL it is up to 1\.2 s$/)
    expect(finding.concession?.argument).toBe('--max-staleness 1200ms')
  })

  test.each(['cache-aside', 'read-through', 'refresh-ahead'] as const)(
    '%s falls out by what it does not promise, where no kill happened to show it',
    (name) => {
      const { outcome, finding } = verdictOf({ name, constraints })
      expect(outcome).toBe('falls out')
      expect(finding.words).toContain('none of 600 after 2 kills was older')
      expect(finding.words).toContain('may stay for its TTL, 4 min (documented)')
    },
  )

  test.each([
    [1_000, 'satisfies'],
    [1_001, 'falls out'],
  ] as const)('a TTL of %d ms bounds what a crash leaves: %s', (ttlMs, outcome) => {
    const asked = { name: 'cache-aside', constraints } as const
    expect(verdictOf(asked, { settings: { ttlMs } }).outcome).toBe(outcome)
  })

  test.each(['write-through', 'write-behind'] as const)('%s satisfies any, also none', (name) => {
    const none = { maxStalenessMs: 0 }
    const { outcome, finding } = verdictOf({ name, constraints: none })
    expect(outcome).toBe('satisfies')
    expect(finding.words).toMatch(/none of 600 .* \(measured\)$/)
  })

  test('a stale read after a kill speaks against those who promise that there is none', () => {
    const kills = [kill({ staleReads: 1, staleForMs: 5 })]
    expect(verdictOf({ name: 'write-through', constraints, kills }).outcome).toBe('falls out')
  })

  test('a cache that dies with its process leaves nothing', () => {
    const asked = { name: 'cache-aside', constraints } as const
    expect(verdictOf(asked, { servers: embedded }).outcome).toBe('satisfies')
  })

  test('is not decided where nobody was killed, but by the TTL', () => {
    const asked = (name: PatternName) => ({ name, constraints, kills: [] })
    expect(verdictOf(asked('write-through')).outcome).toBe('undecided')
    expect(verdictOf(asked('read-through')).outcome).toBe('falls out')
    expect(verdictOf(asked('read-through'), { settings: { ttlMs: 10 } }).outcome).toBe('undecided')
  })
})

describe('--may-lose', () => {
  const lossy = [kill(), kill({ lost: 3 })]

  test.each([
    ['none', 0, [kill(), kill()], 'satisfies', 'none of 800 acknowledged writes lost in 2 kills'],
    ['none', 0, lossy, 'falls out', '3 of 800 acknowledged writes lost in 2 kills'],
    ['1s', 1_000, lossy, 'undecided', '3 of 800 acknowledged writes lost in 2 kills; of'],
    ['none', 0, [], 'undecided', 'what a kill loses was not measured'],
  ] as const)('%s (%d ms), by what %j lost: %s', (limit, mayLoseMs, kills, outcome, words) => {
    const asked = { name: 'read-through', constraints: { mayLoseMs }, kills } as const
    const verdict = verdictOf(asked)
    expect(verdict.outcome).toBe(outcome)
    expect(verdict.finding.words).toContain(`--may-lose ${limit}: ${words}`)
    expect(verdict.finding.concession).toBeUndefined()
  })

  test('says of write-behind what a power failure may take, by where its journal was', () => {
    const asked = { name: 'write-behind', constraints: { mayLoseMs: 0 } } as const
    expect(verdictOf(asked).finding.words).toMatch(/had appendfsync always: .* up to 2 s/)
    const inFile = verdictOf(asked, { servers: embedded })
    expect(inFile.finding.words).toMatch(/up to 2 s unless JOURNAL_FSYNC=always/)
  })
})

describe('--db-budget', () => {
  test.each([
    [50, 'satisfies', undefined],
    [49, 'falls out', { argument: '--db-budget 50', factor: 50 / 49 }],
  ] as const)('%d statements/s, against a median of 50: %s', (dbBudget, outcome, concession) => {
    const replays = [40, 50, 60].map((statements) => replay({ statements }))
    const verdict = verdictOf({ name: 'read-through', constraints: { dbBudget }, replays })
    expect(verdict.outcome).toBe(outcome)
    expect(verdict.finding.words).toBe(
      `--db-budget ${dbBudget}/s: the database was sent 50.0 (40.0 to 60.0) statements/s; the rounds disagree, another run may judge otherwise`,
    )
    expect(verdict.finding.concession).toEqual(concession)
  })

  test('goes by the speed of the traffic, not by that of the replay, and says so', () => {
    const asked = { name: 'read-through', constraints: { dbBudget: 5 } } as const
    const { outcome, finding } = verdictOf(asked, { settings: { speed: 10 } })
    expect(outcome).toBe('satisfies')
    expect(finding.words).toContain(
      'sent 5.00 statements/s, scaled down from a replay 10 times as fast',
    )
  })
})

describe('--max-lag', () => {
  test.each([
    [4, 'satisfies', undefined],
    [3, 'falls out', { argument: '--max-lag 4ms', factor: 4 / 3 }],
  ] as const)('%d ms, against 4 ms at most: %s', (maxLagMs, outcome, concession) => {
    const verdict = verdictOf({ name: 'write-behind', constraints: { maxLagMs } })
    expect(verdict.outcome).toBe(outcome)
    expect(verdict.finding.words).toBe(
      `--max-lag ${maxLagMs}ms: the database had each of 3 writes within 4 ms of its acknowledgement`,
    )
    expect(verdict.finding.concession).toEqual(concession)
  })

  test('is not decided where only the service can ask its database', () => {
    const asked = { name: 'write-behind', constraints: { maxLagMs: 60_000 }, lag: [] } as const
    const { outcome, finding } = verdictOf(asked, { servers: embedded })
    expect(outcome).toBe('undecided')
    expect(finding.words).toContain('not measured, since without PostgreSQL')
  })
})

describe('--p99', () => {
  test.each([
    [20, 'satisfies'],
    [19, 'falls out'],
  ] as const)('%d ms, against 10 of reads and 20 of writes: %s', (p99Ms, outcome) => {
    const { outcome: found, finding } = verdictOf({ name: 'cache-aside', constraints: { p99Ms } })
    expect(found).toBe(outcome)
    expect(finding.words).toBe(`--p99 ${p99Ms}ms: reads 10.0 ms, writes 20.0 ms`)
  })

  test('goes by reads alone where nothing is written', () => {
    const replays = [replay({ writes: latencies(0, 0) })]
    const asked = { name: 'cache-aside', constraints: { p99Ms: 10 }, replays } as const
    const { outcome, finding } = verdictOf(asked)
    expect(outcome).toBe('satisfies')
    expect(finding.words).toBe('--p99 10ms: reads 10.0 ms')
  })
})

describe('a pattern that does not answer', () => {
  test.each([
    [1, 'satisfies', 'at most one in a thousand'],
    [2, 'falls out', 'more than one in a thousand'],
  ] as const)('%d of 1,000 requests, whatever was asked: %s', (failed, outcome, words) => {
    const replays = [replay({ requests: 1_000, failures: { TIMEOUT: failed } })]
    const verdict = verdictOf({ name: 'cache-aside', constraints: {}, replays })
    expect(verdict.outcome).toBe(outcome)
    expect(verdict.finding.words).toBe(
      `${failed} of 1000 requests failed (TIMEOUT: ${failed}), ${words}`,
    )
  })
})

test('a limit that is broken outweighs one that is not decided, and that one all which hold', () => {
  const both = { maxLagMs: 1, dbBudget: 49, mayLoseMs: 0 }
  const asked = (constraints: Constraints) =>
    verdictOf({ name: 'write-behind', constraints, lag: [] }).outcome
  expect(asked(both)).toBe('falls out')
  expect(asked({ ...both, dbBudget: 50 })).toBe('undecided')
  expect(asked({ mayLoseMs: 0, dbBudget: 50 })).toBe('satisfies')
})
