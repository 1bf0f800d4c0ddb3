import { checkHistory, type HistoryOperation } from 'caching-patterns/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLinearizable } from './history-brute-force.ts'

const initial = new Map([['k', { version: 1, value: 'v1' }]])
const span = fc
  .tuple(fc.nat(9), fc.nat(5))
  .map(([startedAt, ms]) => ({ startedAt, endedAt: startedAt + ms }))
const outcome = fc.constantFrom('confirmed', 'confirmed', 'unconfirmed', 'unknown')

/** No write comes after it: a delete of unknown outcome that names another one may be impossible, which nobody checks. */
const lastOfAll = 9

interface Shape {
  /** Deletes tell no version. */
  readonly isVague: boolean
  readonly maxDeletes: number
}

/** Histories of one key, legal and illegal ones: versions 2 to 4 are written once at most, unanswered writes tell none. */
function histories({ isVague, maxDeletes }: Shape) {
  const known = fc.tuple(span, outcome).map(([at, outcome]) => ({ ...at, outcome }))
  return fc
    .record({
      puts: fc.array(fc.record({ at: known, isTold: fc.boolean() }), { maxLength: 3 }),
      deletes: fc.array(known, { maxLength: maxDeletes }),
      versions: fc.shuffledSubarray([2, 3, 4, 5, 6], { minLength: 5 }),
      reads: fc.array(
        fc.record({
          at: span,
          shows: fc.nat(7),
          isStale: fc.constantFrom(false, false, false, true),
        }),
        { maxLength: 4 },
      ),
    })
    .map(({ puts, deletes, versions, reads }) => {
      const values = new Map([[1, 'v1']])
      const operations: HistoryOperation[] = []
      for (const [index, { at, isTold }] of puts.entries()) {
        const version = versions[index] as number
        values.set(version, `v${version}`)
        const told = isTold || at.outcome !== 'unknown' ? { version } : {}
        operations.push({ kind: 'write', key: 'k', ...at, ...told, value: `v${version}` })
      }
      for (const [index, at] of deletes.entries()) {
        const version = at.outcome === 'unknown' ? lastOfAll : versions[puts.length + index]
        const told = isVague || version === undefined ? {} : { version }
        operations.push({ kind: 'write', key: 'k', ...at, ...told, value: null })
      }
      const shown = [...values]
      for (const { at, shows, isStale } of reads) {
        const [version = null, value] = shown[shows] ?? []
        const seen = value === undefined ? {} : { value }
        operations.push({ kind: 'read', key: 'k', ...at, version, ...seen, isStale })
      }
      return operations
    })
}

function isAccepted(operations: readonly HistoryOperation[], first: typeof initial): boolean {
  const { nonLinearizable, other } = checkHistory(operations, first)
  return nonLinearizable.length + other.length === 0
}

const runs = { numRuns: 20_000 }
const firsts = fc.constantFrom(initial, new Map() as typeof initial)

test('accepts what some order explains, and nothing else, where versions are known', () => {
  const seen = { accepted: 0, refused: 0 }
  fc.assert(
    fc.property(histories({ isVague: false, maxDeletes: 2 }), firsts, (operations, first) => {
      const expected = isLinearizable(operations, first)
      seen[expected ? 'accepted' : 'refused'] += 1
      expect(isAccepted(operations, first)).toBe(expected)
    }),
    runs,
  )
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(runs.numRuns / 10)
})

test('accepts the same with one delete that tells no version', () => {
  fc.assert(
    fc.property(histories({ isVague: true, maxDeletes: 1 }), (operations) => {
      expect(isAccepted(operations, initial)).toBe(isLinearizable(operations, initial))
    }),
    runs,
  )
})

test('refuses nothing that some order explains, whatever deletes do not tell', () => {
  let refused = 0
  fc.assert(
    fc.property(histories({ isVague: true, maxDeletes: 3 }), firsts, (operations, first) => {
      const isExplained = isLinearizable(operations, first)
      const accepted = isAccepted(operations, first)
      if (!accepted) refused += 1
      expect(accepted || !isExplained).toBe(true)
    }),
    runs,
  )
  expect(refused).toBeGreaterThan(runs.numRuns / 10)
})

test('finds each read that is older than what was confirmed before it began', () => {
  fc.assert(
    fc.property(histories({ isVague: false, maxDeletes: 2 }), firsts, (operations, first) => {
      const older = operations.filter((each) => isOlder(each, operations, first))
      const found = checkHistory(operations, first).olderThanConfirmed.map((v) => v.operation)
      expect(new Set(found)).toEqual(new Set(older))
    }),
    runs,
  )
})

/** By definition, one read against all writes. */
function isOlder(
  operation: HistoryOperation,
  operations: readonly HistoryOperation[],
  first: typeof initial,
): boolean {
  if (operation.kind === 'write' || operation.isStale) return false
  const writes = operations.filter((each) => each.kind === 'write')
  const floors = writes.filter(
    ({ outcome, endedAt }) => outcome === 'confirmed' && endedAt < operation.startedAt,
  )
  if (floors.length === 0) return false
  const before = first.get('k')?.version ?? Number.NEGATIVE_INFINITY
  const floor = Math.max(before, ...floors.map(({ version }) => version ?? Number.NaN))
  if (operation.version !== null) {
    const isToCome = writes.some(
      ({ value, startedAt }) => value === operation.value && startedAt > operation.endedAt,
    )
    return operation.version < floor && !isToCome
  }
  return !writes.some(
    ({ value, version = Number.NaN, startedAt }) =>
      value === null && version >= floor && startedAt <= operation.endedAt,
  )
}
