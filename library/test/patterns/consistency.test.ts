import { describe, expect, test } from 'vitest'
import { explore, type Mode, type Mutant, type Read, type State } from './random-schedule.ts'

const fillsAlways: Mutant = {
  store: (store) => ({
    async fill(at, _token, content) {
      await store.invalidate(at)
      await store.acquire(at, 'mutant', 1_000)
      return store.fill(at, 'mutant', content)
    },
  }),
}
const neverMarks: Mutant = { store: () => ({ begin() {} }) }
const refreshesBlindly: Mutant = {
  store: (store) => ({
    async refresh(at, _from, content): Promise<'replaced'> {
      await store.invalidate(at)
      await store.acquire(at, 'mutant', 1_000)
      await store.fill(at, 'mutant', content)
      return 'replaced'
    },
  }),
}
const cleansWhateverStands: Mutant = {
  journal: (journal) => ({
    async ack(flushed, next) {
      const keys = flushed.map((row) => row.key)
      const claimed = await journal.claim(10, Number.POSITIVE_INFINITY, { partitions: [0] })
      const dirty = await journal.read(claimed)
      return journal.ack(
        dirty.filter((row) => keys.includes(row.key)),
        next,
      )
    },
  }),
}

const seeds = 300
/** A wrong store is found much earlier: this only ends the search. */
const patience = 1_000

describe('never older than the last confirmed write', () => {
  for (const mode of ['around', 'refresh-ahead', 'acked'] as const) {
    test(mode, async () => {
      expect(await firstViolation(mode, isFresh)).toBeUndefined()
    })
  }

  test('is violated when fills are not refused, as the checker finds', async () => {
    expect(await firstViolation('around', isFresh, fillsAlways)).toBeDefined()
    expect(await firstViolation('acked', isFresh, fillsAlways)).toBeDefined()
    expect(await firstViolation('linearizable', isFresh, fillsAlways)).toBeDefined()
  })

  test('is violated when a refresh is stored blindly, as the checker finds', async () => {
    expect(await firstViolation('refresh-ahead', isFresh, refreshesBlindly)).toBeDefined()
  })
})

describe('linearizable', () => {
  for (const mode of ['linearizable', 'behind'] as const) {
    test(mode, async () => {
      expect(await firstViolation(mode, isLinearizable)).toBeUndefined()
    })
  }

  test('is violated when a newer write is taken for flushed, as the checker finds', async () => {
    expect(await firstViolation('behind', isLinearizable, cleansWhateverStands)).toBeDefined()
  })

  test('is violated without marks, as the checker finds', async () => {
    expect(await firstViolation('linearizable', isLinearizable, neverMarks)).toBeDefined()
  })
})

/** The seed of the first schedule that shows the property violated, and what was seen. */
async function firstViolation(
  mode: Mode,
  check: (reads: readonly Read[], states: readonly State[]) => string | undefined,
  mutant?: Mutant,
): Promise<string | undefined> {
  const last = mutant === undefined ? seeds : patience
  for (let seed = 1; seed <= last; seed += 1) {
    const { reads, states, row } = await explore(mode, seed, mutant)
    const violation = check(reads, states) ?? hasArrived(row, states)
    if (violation !== undefined) return `seed ${seed}: ${violation}`
  }
  return undefined
}

function isFresh(reads: readonly Read[], states: readonly State[]): string | undefined {
  const stale = reads.find(({ from, to, seen }) => states.slice(from, to + 1).indexOf(seen) < 0)
  return stale && told(stale, states)
}

/** The order of the writes is known: each read takes the earliest state that no earlier read or write forbids. */
function isLinearizable(reads: readonly Read[], states: readonly State[]): string | undefined {
  const placed: { readonly endedAt: number; readonly at: number }[] = []
  for (const read of [...reads].sort((a, b) => a.startedAt - b.startedAt)) {
    const before = placed.filter(({ endedAt }) => endedAt < read.startedAt).map(({ at }) => at)
    const at = states.indexOf(read.seen, Math.max(read.from, ...before))
    if (at < 0 || at > read.to) return told(read, states)
    placed.push({ endedAt: read.endedAt, at })
  }
  return undefined
}

/** The database ends with what was written last. */
function hasArrived(row: State, states: readonly State[]): string | undefined {
  return row === states.at(-1) ? undefined : `the row is ${row} after ${JSON.stringify(states)}`
}

function told(read: Read, states: readonly State[]): string {
  return `${JSON.stringify(read)} of ${JSON.stringify(states)}`
}
