import {
  checkHistory,
  type HistoryOperation,
  type HistoryRead,
  type HistoryReport,
  type HistoryWrite,
} from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'

type Span = readonly [startedAt: number, endedAt: number]

function read(version: number | null, [startedAt, endedAt]: Span, more: Partial<HistoryRead> = {}) {
  return { kind: 'read', key: 'k', version, startedAt, endedAt, ...more } as const
}

function write(version: number | undefined, span: Span, more: Partial<HistoryWrite> = {}) {
  const [startedAt, endedAt] = span
  const versioned = version === undefined ? {} : { version }
  const outcome = 'confirmed' as const
  return { kind: 'write', key: 'k', ...versioned, startedAt, endedAt, outcome, ...more } as const
}

const unknown = { outcome: 'unknown' } as const
const never = Number.POSITIVE_INFINITY
const initial = new Map([['k', { version: 1, value: 'first' }]])

/** Of each list, the reasons. */
function reasons({ olderThanConfirmed, nonLinearizable, other }: HistoryReport) {
  return [olderThanConfirmed, nonLinearizable, other].map((list) => list.map((v) => v.reason))
}

function check(...operations: readonly HistoryOperation[]) {
  return reasons(checkHistory(operations, initial))
}

const nothing = [[], [], []]

describe('a read of a history', () => {
  test('may show what stood at first, before any write is acknowledged', () => {
    expect(check(write(2, [0, 10]), read(1, [5, 6]), read(2, [7, 8]))).toEqual(nothing)
  })

  test('is older than confirmed when a later version was confirmed before it began', () => {
    const late = read(1, [11, 12])
    const confirmed = write(2, [0, 10])
    const report = checkHistory([late, confirmed], initial)
    const violation = expect.objectContaining({
      key: 'k',
      reason: 'older-than-confirmed',
      operation: late,
      against: confirmed,
      message: 'k: a read shows version 1, and 2 was confirmed before it began',
    })
    expect(report.olderThanConfirmed).toEqual([violation])
    expect(report.nonLinearizable).toEqual([violation])
  })

  test('that begins when a write ends is concurrent with it', () => {
    expect(check(write(2, [0, 10]), read(1, [10, 12]))).toEqual(nothing)
  })

  test('after an unconfirmed write is older than acknowledged, not than confirmed', () => {
    const operations = [write(2, [0, 10], { outcome: 'unconfirmed' }), read(1, [11, 12])]
    expect(check(...operations)).toEqual([[], ['not-linearizable'], []])
  })

  test('goes not back behind a read that ended before it began', () => {
    const operations = [write(2, [0, 10]), read(2, [1, 2]), read(1, [3, 4])]
    expect(check(...operations)).toEqual([[], ['not-linearizable'], []])
    expect(check(write(2, [0, 10]), read(2, [1, 3]), read(1, [3, 4]))).toEqual(nothing)
  })

  test('shows no version whose write had not begun when it ended', () => {
    const early = [read(2, [1, 2]), write(2, [3, 10]), read(1, [3, 4])]
    expect(check(...early)).toEqual([[], ['not-linearizable'], []])
  })

  test('shows no version that nobody wrote, and no value of another one', () => {
    expect(check(read(7, [0, 1]))).toEqual([[], [], ['unwritten-version']])
    expect(check(read(1, [0, 1], { value: 'second' }))).toEqual([[], [], ['value-mismatch']])
    const another = [write(2, [0, 1], { value: 'a' }), read(2, [0, 1], { value: 'b' })]
    expect(check(...another)).toEqual([[], [], ['value-mismatch']])
    expect(check(write(2, [0, 1], { value: null }), read(2, [0, 1]))[2]).toEqual(['value-mismatch'])
  })

  test('of a version that nobody wrote binds nobody', () => {
    expect(check(read(7, [0, 1]), read(1, [2, 3]))).toEqual([[], [], ['unwritten-version']])
  })

  test('promises nothing when it is labelled stale', () => {
    const stale = read(1, [11, 12], { isStale: true, value: 'nonsense' })
    const report = checkHistory([write(2, [0, 10]), stale], initial)
    expect(reasons(report)).toEqual(nothing)
    expect(report).toMatchObject({ reads: 0, writes: 1, labelledStale: 1 })
  })

  test('of another key is bound by nothing of this one', () => {
    const other = read(1, [11, 12], { key: 'other' })
    const both = new Map<string, { version: number; value?: string }>([
      ...initial,
      ['other', { version: 1 }],
    ])
    expect(reasons(checkHistory([write(2, [0, 10]), other], both))).toEqual(nothing)
  })
})

describe('a write of a history', () => {
  test('of unknown outcome may take effect long after, or never, and binds nobody', () => {
    const lost = write(undefined, [0, 1], { ...unknown, value: 'lost' })
    expect(check(lost, read(1, [5, 6]), read(2, [7, 8], { value: 'lost' }))).toEqual(nothing)
    expect(check(lost, read(1, [5, 6]))).toEqual(nothing)
  })

  test('of unknown outcome, once somebody saw it, binds who comes later', () => {
    const lost = write(undefined, [0, never], { ...unknown, value: 'lost' })
    const operations = [lost, read(2, [5, 6], { value: 'lost' }), read(1, [7, 8])]
    expect(check(...operations)).toEqual([[], ['not-linearizable'], []])
  })

  test('of unknown outcome explains one version, of its own value', () => {
    const lost = write(undefined, [0, never], { ...unknown, value: 'lost' })
    const [two, three] = [2, 3].map((version) => read(version, [5, 6], { value: 'lost' }))
    expect(check(lost, two as HistoryRead, three as HistoryRead)[2]).toEqual(['unwritten-version'])
    expect(check(lost, read(2, [5, 6], { value: 'other' }))[2]).toEqual(['unwritten-version'])
    expect(check(write(undefined, [0, never], unknown), two as HistoryRead)).toEqual(nothing)
  })

  test('has a version above those acknowledged before it began', () => {
    const order = [write(3, [0, 1]), write(2, [2, 3])]
    expect(check(...order)).toEqual([[], ['version-order'], []])
    expect(check(write(3, [0, 2]), write(2, [2, 3]))).toEqual(nothing)
  })

  test('has a version above those read before it began', () => {
    const order = [write(3, [0, 9]), read(3, [1, 2]), write(2, [3, 9])]
    expect(check(...order)).toEqual([[], ['version-order'], []])
  })

  test('has a version that no other acknowledged write has', () => {
    expect(check(write(2, [0, 9]), write(2, [0, 9]))[2]).toEqual(['version-order'])
    expect(check(write(2, [0, 9]), write(2, [0, 9], unknown))).toEqual(nothing)
  })
})

describe('an absence of a history', () => {
  const gone = { value: null }

  test('stands at first where nothing else is named, and not after a confirmed write', () => {
    const operations = [read(null, [0, 1]), write(2, [0, 4]), read(null, [5, 6])]
    expect(reasons(checkHistory(operations))).toEqual([
      ['older-than-confirmed'],
      ['older-than-confirmed'],
      [],
    ])
    expect(check(read(null, [0, 1]))).toEqual([[], ['not-linearizable'], []])
  })

  test('is the smallest delete that fits, so that it binds as little as can be', () => {
    const deletes = [write(2, [0, 9], gone), write(4, [0, 9], gone)]
    const seen = [write(3, [0, 9]), read(null, [1, 2]), read(3, [3, 4])]
    expect(check(...deletes, ...seen, read(null, [5, 6]))).toEqual(nothing)
    expect(check(...deletes, ...seen, read(null, [5, 6]), read(3, [7, 8]))).toEqual([
      [],
      ['not-linearizable'],
      [],
    ])
  })

  test('needs a delete that began before the read ended', () => {
    expect(check(read(null, [0, 1]), write(2, [2, 3], gone))).toEqual([
      [],
      ['not-linearizable'],
      [],
    ])
    expect(check(read(null, [0, 2]), write(2, [2, 3], gone))).toEqual(nothing)
  })

  test('is no smaller delete that began only later', () => {
    const deletes = [write(2, [8, 9], gone), write(4, [0, 9], gone)]
    const seen = [write(3, [0, 9]), read(null, [1, 2]), read(3, [3, 4])]
    expect(check(...deletes, ...seen)).toEqual([[], ['not-linearizable', 'version-order'], []])
  })

  test('of one delete without a version stands where all that saw it agree', () => {
    const vague = write(undefined, [0, 9], gone)
    const rewritten = [vague, write(2, [1, 2]), read(null, [3, 4])]
    expect(check(...rewritten)).toEqual(nothing)
    expect(check(...rewritten, read(2, [5, 6]))).toEqual([[], ['not-linearizable'], []])
    expect(check(read(null, [0, 0]), ...rewritten)[1]).toHaveLength(1)
  })

  test('ends what was confirmed before a delete without a version began', () => {
    const vague = write(undefined, [3, 4], gone)
    const older = [['older-than-confirmed'], ['older-than-confirmed'], []]
    expect(check(write(2, [0, 1]), vague, read(2, [5, 6]))).toEqual(older)
    expect(check(write(2, [0, 1]), vague, { ...vague }, read(2, [5, 6]))).toEqual(older)
  })

  test('is older than confirmed when a write was confirmed after the only delete', () => {
    const vague = write(undefined, [0, 1], gone)
    const after = [vague, write(2, [2, 3]), read(null, [4, 5])]
    expect(check(...after)[0]).toEqual(['older-than-confirmed'])
    expect(check({ ...vague, ...unknown }, ...after.slice(1))).toEqual(nothing)
  })
})

describe('checkHistory', () => {
  test('refuses what ends before it starts, and an acknowledged write without its version', () => {
    expect(() => check(read(1, [2, 1]))).toThrow(
      new RangeError('checkHistory: a read of k must start before it ends, received 2 to 1'),
    )
    expect(() => check(read(1, [Number.NaN, 1]))).toThrow(RangeError)
    expect(() => check(write(undefined, [0, 1], { value: 'a' }))).toThrow(
      new TypeError(
        'checkHistory: a write of k that was acknowledged and is no delete must have a version, received none',
      ),
    )
  })

  test('takes about n log n for a long history of one key, violations and deletes among it', () => {
    const small = elapsed(20_000)
    const large = elapsed(200_000)
    // n log n: 12 times as long; n squared: 100 times. The machine may do other things meanwhile.
    expect(large).toBeLessThan(25 * Math.max(small, 10))
  }, 60_000)
})

/** Milliseconds for so many operations, the best of three. */
function elapsed(count: number): number {
  const operations = [...busy(count / 2), ...early(count / 2)]
  const times = Array.from({ length: 3 }, () => {
    const startedAt = performance.now()
    const report = checkHistory(operations, initial)
    expect(report.olderThanConfirmed.length).toBeGreaterThan(count / 200)
    return performance.now() - startedAt
  })
  return Math.min(...times)
}

/** All kinds of operations, each concurrent with a few. */
function busy(count: number): HistoryOperation[] {
  return Array.from({ length: count }, (_, index) => {
    const at = index * 2
    const kind = index % 5
    if (kind === 0) return write(index + 2, [at, at + 9], { value: `${index}` })
    if (kind === 1) return write(index + 2, [at, at + 9], { value: null })
    if (kind === 2) return read(null, [at, at + 5])
    if (kind === 3) return write(undefined, [at, never], { ...unknown, value: `${index}` })
    return read(index % 7 === 0 ? 2 : index - 2, [at, at + 5])
  })
}

/** Absences, and only then the deletes. */
function early(count: number): HistoryOperation[] {
  return Array.from({ length: count }, (_, index) => {
    const at = index * 2
    if (index < count / 2) return read(null, [at, at + 5], { key: 'early' })
    return write(index + 2, [at, at + 9], { key: 'early', value: null })
  })
}
