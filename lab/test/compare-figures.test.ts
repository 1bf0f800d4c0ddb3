import { expect, test } from 'vitest'
import { cellOf } from '../compare/figure.ts'
import { peakPerSecond } from '../compare/figures/database.ts'
import { figureOf, figures } from '../compare/figures.ts'
import { quantileOf } from '../compare/quantile.ts'
import type { Records } from '../compare/records.ts'
import { comparison, subjectOf } from './comparison-fixture.ts'

const result = comparison()
const naive = subjectOf(result, 'naive')

function withRecords(records: Partial<Records>) {
  return { name: naive.name, records: { ...naive.records, ...records } }
}

test('every figure has an id of its own, and an explanation that is a sentence', () => {
  expect(new Set(figures.map(({ id }) => id)).size).toBe(figures.length)
  expect(figures.filter(({ explanation }) => !/^[A-Z].+\.$/.test(explanation))).toEqual([])
  expect(() => figureOf('hit-p51')).toThrow('expected the id of a figure, received "hit-p51"')
})

test.each(figures)('$id refuses a subject without samples', (figure) => {
  const missing = withRecords({ [figure.measurement]: [] })
  expect(() => cellOf(figure, missing, result)).toThrow(
    `${figure.id} of naive: expected samples of ${figure.measurement}, there are none`,
  )
})

test('a value that is no number is refused, also one that JSON made null', () => {
  const [kill] = naive.records.kills
  for (const recoveredMs of [Number.NaN, Number.POSITIVE_INFINITY, null as unknown as number]) {
    const wrong = withRecords({ kills: kill ? [{ ...kill, recoveredMs }] : [] })
    expect(() => cellOf(figureOf('recovery'), wrong, result)).toThrow('expected finite numbers')
  }
})

test('what needs a server that is not there is not measured, whatever samples say', () => {
  const embedded = { servers: { redis: undefined, postgres: '15' } }
  const cell = cellOf(figureOf('reads-redis-frozen'), naive, embedded)
  expect(cell).toEqual({ kind: 'needs', server: 'Redis' })
  expect(cellOf(figureOf('reads-postgres-down'), naive, embedded).kind).toBe('measured')
})

test('a subject that has samples and no such value says what it lacks', () => {
  const cell = cellOf(figureOf('hit-p50'), subjectOf(result, 'no-cache'), result)
  expect(cell).toEqual({ kind: 'none', what: 'no hits' })
})

test('answers that are errors do not count as speed', () => {
  const [record] = naive.records.reads
  if (record === undefined) throw new Error('expected a record of reads')
  const { load } = record
  const half = { ...load.kinds.get.latencies, count: 600 }
  const failing = {
    ...load,
    ms: 2_000,
    kinds: { ...load.kinds, get: { ...load.kinds.get, latencies: half } },
  }
  const records = { ...naive.records, reads: [{ ...record, load: failing }] }
  expect(figureOf('reads-per-second').values(records)).toEqual([300])
})

test('a write that was acknowledged during an outage, and lost, was not done', () => {
  const [record] = naive.records.postgresDown
  if (record === undefined) throw new Error('expected a record of an outage')
  const losing = { ...record, writesAnswered: 300, writesLost: 200 }
  const records = { ...naive.records, postgresDown: [losing], redisFrozen: [losing] }
  const { requests } = record.load.kinds.put
  for (const id of ['writes-postgres-down', 'writes-redis-frozen']) {
    expect(figureOf(id).values(records)).toEqual([(100 * 100) / requests])
  }
})

test('rounds without lags have none, rather than an impossible one', () => {
  const records = {
    ...naive.records,
    lag: [
      { round: 0, lagsMs: [] },
      { round: 1, lagsMs: [3, 1] },
    ],
  }
  expect(figureOf('lag-p50').values(records)).toEqual([1])
  expect(figureOf('lag-max').values(records)).toEqual([3])
})

test('a quantile is a value that was measured, however many there are', () => {
  expect(quantileOf([3, 1, 2, 4], 0.5)).toBe(2)
  const many = Array.from({ length: 300_000 }, (_, index) => index)
  expect(quantileOf(many, 1)).toBe(299_999)
  expect(() => quantileOf([], 0.5)).toThrow(RangeError)
})

test('the peak is that of any second, wherever it begins', () => {
  const [record] = naive.records.hotKey
  if (record === undefined) throw new Error('expected a record of a hot key')
  const counts = [0, 10, 20, 120, 130, 130]
  const series = counts.map((statements, index) => ({ atMs: 500 * index, statements }))
  expect(peakPerSecond({ ...record, series })).toBe(110)
})
