import assert from 'node:assert/strict'
import type { Content, DirtyEntry, Journal, StoredState } from 'caching-patterns'
import { type MemoryStore, memoryStore } from 'caching-patterns/memory'
import { type ManualClock, manualClock } from 'caching-patterns/testing'
import * as fc from 'fast-check'
import { test } from 'vitest'
import { TableModel } from './table-model.ts'

interface Real {
  readonly clock: ManualClock
  readonly store: MemoryStore
  readonly journal: Journal
}

/** One operation, on the model and on the store: both answer the same, and leave the same to be seen. */
class Operation implements fc.AsyncCommand<TableModel, Real> {
  readonly #title: string
  readonly #inModel: (model: TableModel) => string
  readonly #inStore: (real: Real, model: TableModel) => Promise<string>

  constructor(
    title: string,
    inModel: (model: TableModel) => string,
    inStore: (real: Real, model: TableModel) => Promise<string>,
  ) {
    this.#title = title
    this.#inModel = inModel
    this.#inStore = inStore
  }

  check(): boolean {
    return true
  }

  async run(model: TableModel, real: Real): Promise<void> {
    const actual = this.#inStore(real, model)
    const expected = this.#inModel(model)
    assert.equal(await actual, expected, this.#title)
    for (const key of keys) {
      const state = seen(await real.store.get(key))
      assert.equal(state, model.get(key), `${key} after ${this.#title}`)
    }
    const claimed = await real.journal.claim(keys.length, 9e15, { partitions: [0] })
    assert.deepEqual(
      claimed.map((entry) => entry.dueAt),
      claimed.map((entry) => entry.dueAt).sort((a, b) => a - b),
      `order after ${this.#title}`,
    )
    const dirty = (await real.journal.read(claimed)).map(dirtyText).sort()
    assert.deepEqual(dirty, model.dirty().sort(), `dirty after ${this.#title}`)
  }

  toString(): string {
    return this.#title
  }
}

function seen(state: StoredState | undefined): string {
  if (state === undefined) return ''
  if (state.kind === 'lease') return 'L'
  if (state.kind === 'pending') return 'P'
  if (state.kind === 'negative') {
    return state.isDirty ? `N${state.version}*` : `N${state.version} ${state.hardAt}`
  }
  const { version, json, softAt, hardAt, refreshUntil } = state
  if (state.isDirty) return `V${version} ${json}*`
  return `V${version} ${json} ${softAt} ${hardAt} ${refreshUntil}`
}

function dirtyText({ key, version, json, enqueuedAt, dueAt }: DirtyEntry): string {
  return `${key} D|${version}|${json ?? '-'}|${enqueuedAt}|${dueAt}`
}

const keys = ['k:x', 'k:y']
const key = fc.constantFrom(...keys)
const token = fc.constantFrom('a', 'b', 'c')
const version = fc.integer({ min: 0, max: 5 })
const ms = fc.constantFrom(40, 100, 250)
const json = fc.option(fc.constantFrom('"1"', '"2"', '"3"'), { nil: null, freq: 3 })
const content: fc.Arbitrary<Content> = fc.record({
  json,
  version,
  ttlMs: fc.constantFrom(0, 40, 100, 250),
  softTtlMs: fc.constantFrom(0, 20),
  graceMs: fc.constantFrom(0, 0, 100),
  deltaMs: fc.constant(0),
})

const limits = { maxKeys: 9, maxBytes: 1e9 }
const deadlineAt = 9e15

const storeOperations: readonly fc.Arbitrary<Operation>[] = [
  fc.tuple(key, token, ms).map(
    ([k, t, d]) =>
      new Operation(
        `acquire(${k}, ${t}, ${d})`,
        (model) => model.acquire(k, t, d),
        async ({ store }) => {
          const answer = await store.acquire(k, t, d)
          return answer === 'acquired' ? answer : seen(answer)
        },
      ),
  ),
  fc.tuple(key, token, content).map(
    ([k, t, c]) =>
      new Operation(
        `fill(${k}, ${t}, ${text(c)})`,
        (model) => model.fill(k, t, c),
        async ({ store }) => store.fill(k, t, c),
      ),
  ),
  fc.tuple(key, token, ms).map(
    ([k, t, d]) =>
      new Operation(
        `begin(${k}, ${t}, ${d})`,
        (model) => model.begin(k, t, d),
        async ({ store }) => String((await store.begin(k, t, d)) ?? ''),
      ),
  ),
  fc.tuple(key, fc.option(token, { nil: null, freq: 4 }), content).map(
    ([k, t, c]) =>
      new Operation(
        `end(${k}, ${t}, ${text(c)})`,
        (model) => model.end(k, t, c),
        async ({ store }) => {
          const { result, markLost } = await store.end(k, t, c)
          return markLost ? `${result} lost` : result
        },
      ),
  ),
  fc.tuple(key, token, fc.constantFrom('abort' as const, 'release' as const)).map(
    ([k, t, name]) =>
      new Operation(
        `${name}(${k}, ${t})`,
        (model) => model[name](k, t),
        async ({ store }) => String((await store[name](k, t)) ?? ''),
      ),
  ),
  fc.tuple(key, fc.constantFrom('invalidate' as const, 'clear' as const)).map(
    ([k, name]) =>
      new Operation(
        `${name}(${k})`,
        (model) => model[name](k),
        async ({ store }) => String((await store[name](k)) ?? ''),
      ),
  ),
  fc.tuple(key, version).map(
    ([k, v]) =>
      new Operation(
        `invalidateUpTo(${k}, ${v})`,
        (model) => model.invalidateUpTo(k, v),
        async ({ store }) => String((await store.invalidateUpTo(k, v)) ?? ''),
      ),
  ),
  fc.tuple(key, fc.constantFrom(0, 0, 0, 1), ms).map(([k, off, d]) => {
    const softAt = (model: TableModel) => Number(model.get(k).split(' ')[2] ?? 0) + off
    return new Operation(
      `claimRefresh(${k}, softAt + ${off}, ${d})`,
      (model) => model.claimRefresh(k, softAt(model), d),
      async ({ store }, model) => String(await store.claimRefresh(k, softAt(model), d)),
    )
  }),
  fc.tuple(key, version, fc.boolean(), content).map(
    ([k, v, isSame, c]) =>
      new Operation(
        `refresh(${k}, from ${v}${isSame ? ', which stands' : ''}, ${text(c)})`,
        (model) => model.refresh(k, { version: v, isSame }, c),
        async ({ store }) => {
          const state = await store.get(k)
          const { storedAt, hardAt } =
            isSame && state?.kind === 'value' ? state : { storedAt: 0, hardAt: 0 }
          return store.refresh(k, { version: v, storedAt, hardAt }, c)
        },
      ),
  ),
  fc.constantFrom(20, 40, 100, 250).map(
    (d) =>
      new Operation(
        `clock + ${d}`,
        (model) => {
          model.now += d
          return ''
        },
        async ({ clock }) => {
          clock.jump(d)
          return ''
        },
      ),
  ),
]

const preconditions = fc.constantFrom('any', 'any', 'exists', 'absent', 'same', '3')
const journalOperations: readonly fc.Arbitrary<Operation>[] = [
  fc.tuple(key, json, preconditions, ms).map(([k, j, p, d]) => {
    const precise = (model: TableModel) => (p === 'same' ? String(model.dirtyVersion(k)) : p)
    return new Operation(
      `enqueue(${k}, ${j}, if ${p}, ${d})`,
      (model) => model.enqueue(k, j, precise(model), d),
      async ({ journal }, model) => {
        const given = precise(model)
        const precondition = /^\d/.test(given)
          ? { version: Number(given) }
          : (given as 'any' | 'exists' | 'absent')
        const answer = await journal.enqueue(k, { json: j, precondition, delayMs: d, deadlineAt })
        if (answer.outcome === 'conflict') return `conflict ${answer.version}`
        if (answer.outcome !== 'accepted') return answer.outcome
        const { existed, coalesced } = answer
        return `accepted ${answer.version}${existed ? ' existed' : ''}${coalesced ? ' coalesced' : ''}`
      },
    )
  }),
  fc.tuple(key, fc.constantFrom(0, 0, -1, 1), ms).map(([k, off, d]) => {
    const flushed = (model: TableModel) => model.dirtyVersion(k) + off
    return new Operation(
      `ack(${k}, its version + ${off}, ${d})`,
      (model) => model.ack(k, flushed(model), d, 2_000_000),
      async ({ journal }, model) => {
        const next = { ttlMs: d, softTtlMs: d, graceMs: 0, negativeTtlMs: d, dueAt: 2_000_000 }
        const { cleaned } = await journal.ack([{ key: k, version: flushed(model) }], next)
        return String(cleaned)
      },
    )
  }),
  fc.tuple(key, fc.constantFrom(0, 0, -1), fc.constantFrom(-5, 0, 7)).map(([k, off, ahead]) => {
    const mine = (model: TableModel) => model.dirtyVersion(k) + off
    return new Operation(
      `restamp(${k}, its version + ${off}, ${ahead} ahead)`,
      (model) => model.restamp(k, mine(model), mine(model) + ahead),
      async ({ journal }, model) =>
        String(await journal.restamp(k, mine(model), mine(model) + ahead)),
    )
  }),
  fc.tuple(key, fc.constantFrom(0, 0, -1)).map(([k, off]) => {
    const mine = (model: TableModel) => model.dirtyVersion(k) + off
    return new Operation(
      `quarantine(${k}, its version + ${off})`,
      (model) => model.quarantine(k, mine(model)),
      async ({ journal }, model) => {
        const letter = { json: null, sqlstate: '23514', reason: '', attempts: 1, at: 0 }
        return journal.quarantine({ ...letter, key: k, version: mine(model) })
      },
    )
  }),
]

function text({ json: body, version: v, ttlMs, graceMs }: Content): string {
  return `${body} v${v} ${ttlMs}+${graceMs} ms`
}

async function agree(operations: readonly fc.Arbitrary<Operation>[]): Promise<void> {
  const sequences = fc.commands([...operations], { maxCommands: 60, size: 'max' })
  const property = fc.asyncProperty(sequences, async (sequence) => {
    const setup = () => {
      const model = new TableModel()
      const clock = manualClock(model.now)
      const store = memoryStore({ clock })
      return { model, real: { clock, store, journal: store.journal('k:', limits) } }
    }
    await fc.asyncModelRun(setup, sequence)
  })
  await fc.assert(property, { numRuns: 200 })
}

test(
  'agrees with the table on random operations of several writers and readers',
  {
    timeout: 120_000,
  },
  () => agree(storeOperations),
)

test('agrees with the table when writes go through a journal', { timeout: 120_000 }, () =>
  agree([...storeOperations, ...journalOperations]),
)
