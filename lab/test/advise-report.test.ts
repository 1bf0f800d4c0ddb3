import { describe, expect, test } from 'vitest'
import { keptResult, readResult } from '../advise/kept-result.ts'
import { pictureOf } from '../advise/picture.ts'
import { report } from '../advise/report.ts'
import { advice, embedded, kill, latencies, replay } from './advice-fixture.ts'

const quick = [1, 2].map((round) =>
  replay({ round, reads: latencies(80, 0.5), writes: latencies(20, 0.5), statements: 10 }),
)
const asked = { maxStalenessMs: 1_000, dbBudget: 60 }

describe('report', () => {
  test('says what was sent, how fast, to what', () => {
    const lines = report(advice({ constraints: { ...asked, mayLoseMs: 0 } })).split('\n')
    expect(lines.slice(0, 7)).toEqual([
      '2026-11-27 12:00 UTC | Node v20.20.0 | A processor, 2 cores | commit abc1234',
      'npm run advise -- --cluster 7 | 60 s',
      '',
      'by hand: get 80 %, put 20 %; 1,000 users, Zipf 1',
      '100 requests/s for 1 s, 2 rounds in turn; before each 50 requests that fill the cold cache and do not count',
      'entries live 4 min; write-behind gathers for 1 s; 2 processes each, Redis 8.0.0 (appendfsync always), PostgreSQL 17.0 (fsync)',
      'asked: --max-staleness 1s --may-lose none --db-budget 60/s',
    ])
  })

  test('has a column for each pattern and one without a cache, and what is saved against it', () => {
    const text = report(advice({ patterns: { 'write-behind': { replays: quick } } }))
    expect(text).toMatch(/^ +cache-aside +read-through .* refresh-ahead +no cache$/m)
    expect(text).toMatch(/^wait ms +1\.20 +1\.20 +1\.20 +0\.50 +1\.20 +1\.20$/m)
    expect(text).toMatch(/^statements\/s +50\.0 +50\.0 +50\.0 +10\.0 +50\.0 +100$/m)
    expect(text).toMatch(/^against no cache +-50 % +-50 % +-50 % +-90 % +-50 % *$/m)
    expect(text).toMatch(/^after kill -9 +0 of 600/m)
    expect(text).toMatch(/^lag p50, max ms +2\.00, 4\.00/m)
  })

  test.each([
    [1, '-99 %'],
    [0.1, '-99.9 %'],
    [0.01, '-99.9 %'],
    [0, '-100 %'],
    [150, '+50 %'],
  ])('says of %d statements for 100 that they are %s', (statements, saved) => {
    const replays = [replay({ statements })]
    const text = report(advice({ patterns: { 'refresh-ahead': { replays } } }))
    expect(text).toMatch(new RegExp(`^against no cache .* ${saved.replace('+', '\\+')} *$`, 'm'))
  })

  test('names the first, and of the others why they fall out, with figure and limit', () => {
    const kills = [kill({ staleReads: 2, staleForMs: 900 })]
    const patterns = { 'write-behind': { replays: quick }, 'cache-aside': { kills } }
    const text = report(advice({ constraints: asked, patterns }))
    expect(text).toContain(
      'Take write-behind.\nA request waited on average, and against no cache (1.2 ms) the database was sent: write-behind 0.5 ms, -90 % statements.',
    )
    expect(text).toContain('1. write-behind  satisfies\n     --max-staleness 1s: none of 160')
    expect(text).toContain('2. write-through satisfies')
    expect(text).toMatch(
      /^- {2}cache-aside {3}falls out\n {5}--max-staleness 1s: .*2 of 300 after one kill were older than the database, the last 900 ms after it .*\.$/m,
    )
    const ofCacheAside = text.split('-  cache-aside')[1]?.split('\n-  ')[0]
    expect(ofCacheAside).not.toContain('--db-budget')
  })

  test('says that a tie is one, and that one round cannot tell', () => {
    expect(report(advice({ constraints: asked }))).toContain(
      'Take write-through or write-behind. The 2 rounds do not tell their waits apart: that is a tie (of patterns that do not differ, one pair in 3 would come apart by chance).',
    )
    const once = advice({ constraints: asked, settings: { rounds: 1 } })
    expect(report(once)).toContain('One round cannot tell them apart.')
  })

  test('says what would have to give when none satisfies', () => {
    const text = report(advice({ constraints: { dbBudget: 40 }, patterns: {} }))
    expect(text).toContain(
      'None of the five satisfies all of this.\nWhat would have to give, the least first:\n  cache-aside: --db-budget 50 (1.25 times what is allowed)\n',
    )
    expect(text).not.toContain('Take')
  })

  test('does not take what was not measured for satisfied', () => {
    const patterns = { 'write-behind': { lag: [] }, 'write-through': { lag: [] } }
    const text = report(advice({ constraints: { ...asked, maxLagMs: 5_000 }, patterns }))
    expect(text).toContain('None is known to satisfy')
    expect(text).toMatch(/^\? {2}write-behind {2}not decided\n {5}--max-lag 5s: not measured\.$/m)
  })

  test('says what a reader has to know: compressed, late, never written, never expired', () => {
    const late = [replay({ sentLate: 50 })]
    const mix = { get: 1, post: 0, put: 0, delete: 0 }
    const text = report(
      advice({
        settings: { speed: 20, perSecond: undefined, forMs: 1_000 },
        workload: { ...advice().workload, mix, notes: ['values became shorter'] },
        patterns: { 'cache-aside': { replays: late, troubles: ['kills: it did not start'] } },
        servers: embedded,
      }),
    )
    expect(text).toContain('20 times as fast as the trace for 1 s')
    expect(text).toContain('The TTL is longer than a round')
    expect(text).toContain('This traffic writes nothing')
    expect(text).toContain('Note: values became shorter.')
    expect(text).toContain('Not measured, cache-aside, kills: it did not start.')
    expect(text).toContain('4.5 % of the requests were sent late')
    expect(text).toContain('embedded: cache and database in the one process')
    expect(text).toContain('No constraint was given')
    const calm = report(advice({ settings: { forMs: 300_000 } }))
    expect(calm).not.toMatch(/longer than a round|writes nothing|sent late/)
  })
})

describe('keptResult', () => {
  test('keeps all samples, beside the answer that they give, and reads them again', () => {
    const result = advice({ constraints: asked })
    const text = keptResult(result)
    expect(JSON.parse(text).answer.ranking).toMatchObject([
      { name: 'write-through', rank: 1 },
      { name: 'write-behind', rank: 1 },
    ])
    expect(readResult(text, 'f')).toEqual(JSON.parse(JSON.stringify(result)))
  })

  test.each([
    ['{', /"f" is no JSON/],
    ['{"answer":{}}', /"f" has no samples/],
  ])('refuses %j in one line', (text, message) => {
    expect(() => readResult(text, 'f')).toThrow(message)
  })
})

describe('pictureOf', () => {
  const constraints = { ...asked, mayLoseMs: 0 }
  const svg = pictureOf(advice({ constraints, workload: { ...advice().workload, title: 'a < b' } }))

  test('stands alone, for light pages and dark ones', () => {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox=/)
    expect(svg).toContain('@media (prefers-color-scheme: dark)')
    expect(svg).toContain('<rect class="ground" width="1000"')
    expect(svg.match(/https?:/g)).toHaveLength(1)
    expect(svg).toContain('a &lt; b')
  })

  test('says in words what it shows, and of each pattern what became of it', () => {
    expect(svg).toMatch(
      /role="img" aria-label="a &lt; b, --max-staleness 1s .*: write-through 1\. satisfies; /,
    )
    expect(svg).toContain('--max-staleness 1s --may-lose none --db-budget 60/s')
    expect(svg.match(/falls out: max-staleness</g)).toHaveLength(3)
    expect(svg.match(/>1\. satisfies</g)).toHaveLength(2)
  })

  test('draws bars as long as their figures are to the greatest', () => {
    const replays = [replay({ statements: 25 }), replay({ round: 2, statements: 25 })]
    const drawn = pictureOf(advice({ patterns: { 'write-behind': { replays } } }))
    // Of 170: 100 statements without a cache, 50 of four patterns, 25 of one.
    const widths = [...drawn.matchAll(/x="400" y="[0-9]+" width="([0-9.]+)"/g)].map(([, at]) => at)
    expect(widths).toEqual(['85', '85', '85', '42.5', '85', '170'])
  })
})
