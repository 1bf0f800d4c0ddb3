import { describe, expect, it } from 'vitest'
import { ageOf, confirmedWrites } from '../compare/measurements/stale-age.ts'
import { judge } from '../compare/measurements/staleness.ts'
import type { Exchange } from '../load/load-plan.ts'

const url = 'http://127.0.0.1:1'
const nothing = { name: undefined, error: undefined, outcome: undefined, writeStatus: undefined }

function read(
  key: number,
  version: number | undefined,
  [sentAt, endedAt]: readonly [number, number],
  over: Partial<Exchange> = {},
): Exchange {
  const operation = { kind: 'get', key, bytes: 0 } as const
  const status = version === undefined ? 404 : 200
  const at = { dueAt: sentAt, sentAt, endedAt }
  return { ...nothing, operation, id: key, url, ...at, status, version, outcome: 'hit', ...over }
}

function write(
  key: number,
  version: number | undefined,
  at: readonly [number, number],
  over: Partial<Exchange> = {},
): Exchange {
  const operation = { kind: 'put', key, bytes: 0 } as const
  const status = version === undefined ? 0 : 200
  const writeStatus = version === undefined ? undefined : 'confirmed'
  return { ...read(key, version, at), outcome: undefined, operation, status, writeStatus, ...over }
}

describe('staleness', () => {
  it('finds nothing where each read is as new as what was confirmed before it was sent', () => {
    const found = judge([
      read(1, 10, [2, 3]),
      write(1, 11, [4, 8]),
      read(1, 10, [7, 9]),
      read(1, 11, [9, 10]),
    ])
    expect(found).toMatchObject({ reads: 3, writes: 1, staleAgesMs: [], examples: [] })
  })

  it('tells how long ago the first write that a read missed had been confirmed', () => {
    const { staleAgesMs, examples } = judge([
      write(1, 11, [4, 8]),
      write(1, 12, [8, 20]),
      write(1, 13, [20, 30]),
      read(1, 11, [35, 36]),
      read(1, 10, [40, 41]),
    ])
    expect(staleAgesMs).toEqual([15, 32])
    expect(examples).toHaveLength(2)
  })

  it('takes an absence after a confirmed write for a stale read', () => {
    expect(judge([write(1, 11, [2, 3]), read(1, undefined, [5, 6])]).staleAgesMs).toEqual([2])
  })

  it('counts reads that say that they may be old, and does not hold them against anything', () => {
    const old = read(1, 10, [9, 10], { outcome: 'stale' })
    const past = read(1, 10, [9, 10], { outcome: 'bypass', isLabelledStale: true })
    const found = judge([write(1, 11, [2, 3]), old, past])
    expect(found).toMatchObject({ reads: 0, labelledStale: 2, staleAgesMs: [] })
  })

  it('is promised nothing by writes that are unconfirmed, refused, or not answered', () => {
    const found = judge([
      write(1, 11, [2, 3], { writeStatus: 'unconfirmed' }),
      write(1, undefined, [4, 5], { status: 409 }),
      write(1, undefined, [6, 7], { error: 'TIMEOUT' }),
      read(1, 10, [20, 21]),
    ])
    expect(found).toMatchObject({ reads: 1, writes: 2, staleAgesMs: [] })
  })

  it('leaves out reads that failed', () => {
    expect(judge([read(1, undefined, [2, 3], { status: 503 })]).reads).toBe(0)
  })

  it('knows the age by the earliest confirmation, whichever version was confirmed first', () => {
    const confirmed = confirmedWrites([
      { kind: 'write', key: 'a', startedAt: 0, endedAt: 5, outcome: 'confirmed', version: 3 },
      { kind: 'write', key: 'a', startedAt: 0, endedAt: 9, outcome: 'confirmed', version: 2 },
      { kind: 'write', key: 'a', startedAt: 0, endedAt: 1, outcome: 'unconfirmed', version: 4 },
    ])
    expect(ageOf({ key: 'a', version: 1, startedAt: 10 }, confirmed)).toBe(5)
    expect(ageOf({ key: 'a', version: 2, startedAt: 10 }, confirmed)).toBe(5)
    expect(ageOf({ key: 'a', version: 3, startedAt: 10 }, confirmed)).toBe(0)
    expect(ageOf({ key: 'b', version: 1, startedAt: 10 }, confirmed)).toBe(0)
  })
})
