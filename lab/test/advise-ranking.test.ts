import { describe, expect, test } from 'vitest'
import type { PatternName, PatternRecords } from '../advise/advice-result.ts'
import { concessionsOf } from '../advise/concessions.ts'
import { chanceOfApart, rankingOf } from '../advise/ranking.ts'
import { verdictsOf } from '../advise/verdict.ts'
import { advice, latencies, replay } from './advice-fixture.ts'

/** Rounds whose reads took so long on average; there are no writes. */
function rounds(...meansMs: readonly number[]): Pick<PatternRecords, 'replays'> {
  const replays = meansMs.map((meanMs, index) =>
    replay({ round: index + 1, reads: latencies(100, meanMs), writes: latencies(0, 0) }),
  )
  return { replays }
}

const slow = rounds(90, 91, 92)

function ranked(patterns: Partial<Record<PatternName, Partial<PatternRecords>>>, of = 3) {
  const others = { 'refresh-ahead': slow, 'cache-aside': slow, 'read-through': slow }
  const result = advice({ patterns: { ...others, ...patterns } })
  return rankingOf(verdictsOf(result), of).map(({ name, rank }) => `${rank} ${name}`)
}

describe('rankingOf', () => {
  test('puts first who is quicker in all rounds than the other is in any', () => {
    const found = ranked({ 'write-through': rounds(2, 4, 3), 'write-behind': rounds(1, 1.9, 1.5) })
    expect(found.slice(0, 3)).toEqual(['1 write-behind', '2 write-through', '3 cache-aside'])
  })

  test('calls it a tie where the rounds overlap, by ever so little', () => {
    const found = ranked({ 'write-through': rounds(2, 4, 3), 'write-behind': rounds(1, 2, 1.5) })
    expect(found.slice(0, 2)).toEqual(['1 write-behind', '1 write-through'])
    expect(found.slice(2)).toEqual(['3 cache-aside', '3 read-through', '3 refresh-ahead'])
  })

  test('tells nothing apart by one round', () => {
    const found = ranked({ 'write-through': rounds(50), 'write-behind': rounds(1) }, 1)
    expect(found.every((each) => each.startsWith('1 '))).toBe(true)
  })

  test('weighs reads and writes as the mix has them', () => {
    const mixed = (readMs: number, writeMs: number) => ({
      replays: [1, 2, 3].map((round) =>
        replay({ round, reads: latencies(80, readMs), writes: latencies(20, writeMs) }),
      ),
    })
    // 0.8 * 1 + 0.2 * 5 = 1.8, and 0.8 * 2 + 0.2 * 2 = 2
    const found = ranked({ 'write-through': mixed(1, 5), 'write-behind': mixed(2, 2) })
    expect(found.slice(0, 2)).toEqual(['1 write-through', '2 write-behind'])
  })

  test('leaves out who does not satisfy, however quick', () => {
    const lag = { lag: [] }
    const result = advice({
      constraints: { maxLagMs: 100 },
      patterns: { 'write-behind': { ...rounds(0.1, 0.1, 0.1), ...lag } },
    })
    const names = rankingOf(verdictsOf(result), 3).map(({ name }) => name)
    expect(names).toHaveLength(4)
    expect(names).not.toContain('write-behind')
  })
})

test('chanceOfApart counts the orders in which one has all the lower rounds', () => {
  expect([2, 3, 5].map(chanceOfApart)).toEqual([3, 10, 126])
})

describe('concessionsOf', () => {
  test('puts first who asks for the fewest, and of those who asks for the least', () => {
    const constraints = { dbBudget: 10, maxLagMs: 2, maxStalenessMs: 1_000 }
    const replays = (statements: number) => ({ replays: [replay({ statements })] })
    const result = advice({
      constraints,
      patterns: {
        'write-through': { ...replays(15), lag: [{ round: 1, lagsMs: [3] }] },
        'write-behind': replays(5),
        'cache-aside': { ...replays(5), lag: [{ round: 1, lagsMs: [1] }] },
        'read-through': { ...replays(20), lag: [] },
      },
    })
    expect(concessionsOf(verdictsOf(result))).toEqual([
      { name: 'write-behind', concessions: [{ argument: '--max-lag 4ms', factor: 2 }] },
      { name: 'cache-aside', concessions: [{ argument: '--max-staleness 4m', factor: 240 }] },
      {
        name: 'write-through',
        concessions: [
          { argument: '--db-budget 15', factor: 1.5 },
          { argument: '--max-lag 3ms', factor: 1.5 },
        ],
      },
      {
        name: 'refresh-ahead',
        concessions: [
          { argument: '--max-staleness 4m', factor: 240 },
          { argument: '--db-budget 50', factor: 5 },
          { argument: '--max-lag 4ms', factor: 2 },
        ],
      },
    ])
  })
})
