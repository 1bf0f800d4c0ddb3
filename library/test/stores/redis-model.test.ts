import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import type { Content, StoredState } from 'caching-patterns'
import { type RedisStore, redisStore } from 'caching-patterns/redis'
import * as fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { connect, harnessOf } from './redis-rig.ts'
import { TableModel } from './table-model.ts'

// Time cannot be stepped, and the model's stands still between two passes. So there are two lengths:
// what a pass ends, and what no run outlives; and a run passes before what is short might end by itself.
const short = 400
const long = 600_000
const passAfter = 150

type Step = (model: TableModel, store: RedisStore) => { model: string; store: Promise<string> }
interface Operation {
  readonly title: string
  readonly step: Step | 'pass'
}

const key = fc.constantFrom('k:x', 'k:y')
const token = fc.constantFrom('a', 'b', 'c')
const version = fc.integer({ min: 0, max: 5 })
const ms = fc.constantFrom(short, long)
const content: fc.Arbitrary<Content> = fc.record({
  json: fc.option(fc.constantFrom('"1"', '"2"', '"3"'), { nil: null, freq: 3 }),
  version,
  ttlMs: fc.constantFrom(0, short, long, long),
  softTtlMs: fc.constantFrom(0, 20),
  graceMs: fc.constantFrom(0, 0, short),
  deltaMs: fc.constant(0),
})

function operation<T extends unknown[]>(
  name: string,
  given: fc.Arbitrary<T>,
  step: (...given: T) => Step,
): fc.Arbitrary<Operation> {
  return given.map((each) => ({ title: `${name}(${JSON.stringify(each)})`, step: step(...each) }))
}

const operations = fc.oneof(
  operation('acquire', fc.tuple(key, token, ms), (k, t, d) => (model, store) => ({
    model: lengths(model.acquire(k, t, d)),
    store: Promise.resolve(store.acquire(k, t, d)).then((answer) =>
      answer === 'acquired' ? answer : seen(answer),
    ),
  })),
  operation('fill', fc.tuple(key, token, content), (k, t, c) => (model, store) => ({
    model: model.fill(k, t, c),
    store: Promise.resolve(store.fill(k, t, c)),
  })),
  operation('begin', fc.tuple(key, token, ms), (k, t, d) => (model, store) => ({
    model: model.begin(k, t, d),
    store: Promise.resolve(store.begin(k, t, d)).then(() => ''),
  })),
  operation(
    'end',
    fc.tuple(key, fc.option(token, { nil: null, freq: 4 }), content),
    (k, t, c) => (model, store) => ({
      model: model.end(k, t, c),
      store: Promise.resolve(store.end(k, t, c)).then(({ result, markLost }) =>
        markLost ? `${result} lost` : result,
      ),
    }),
  ),
  operation(
    'abort or release',
    fc.tuple(key, token, fc.constantFrom('abort' as const, 'release' as const)),
    (k, t, name) => (model, store) => ({
      model: model[name](k, t),
      store: Promise.resolve(store[name](k, t)).then(() => ''),
    }),
  ),
  operation('invalidate', fc.tuple(key), (k) => (model, store) => ({
    model: model.invalidate(k),
    store: Promise.resolve(store.invalidate(k)).then(() => ''),
  })),
  operation('clear', fc.tuple(fc.constantFrom('k:', 'k:x', 'k:y')), (prefix) => (model, store) => ({
    model: model.clear(prefix),
    store: clear(store, prefix),
  })),
  operation('invalidateUpTo', fc.tuple(key, version), (k, v) => (model, store) => ({
    model: model.invalidateUpTo(k, v),
    store: Promise.resolve(store.invalidateUpTo(k, v)).then(() => ''),
  })),
  operation('claimRefresh', fc.tuple(key, fc.constantFrom(0, 0, 0, 1), ms), (k, off, d) => {
    return (model, store) => ({
      model: model.claimRefresh(k, Number(model.get(k).split(' ')[2] ?? 0) + off, d),
      store: Promise.resolve(store.get(k)).then(async (state) => {
        const softAt = state?.kind === 'value' ? state.softAt : 0
        return String(await store.claimRefresh(k, softAt + off, d))
      }),
    })
  }),
  operation('refresh', fc.tuple(key, version, fc.boolean(), content), (k, v, isSame, c) => {
    return (model, store) => ({
      model: model.refresh(k, { version: v, isSame }, c),
      store: Promise.resolve(store.get(k)).then((state) => {
        const stamp = isSame && state?.kind === 'value' ? state : { storedAt: 0, hardAt: 0 }
        return store.refresh(k, { version: v, storedAt: stamp.storedAt, hardAt: stamp.hardAt }, c)
      }),
    })
  }),
  fc.constant<Operation>({ title: 'pass', step: 'pass' }),
)

/** A state without its instants: what stands there, how long after its soft expiry its hard one is, whether it is claimed. */
function seen(state: StoredState | undefined): string {
  if (state === undefined) return ''
  if (state.kind === 'lease') return 'L'
  if (state.kind === 'pending') return 'P'
  if (state.kind === 'negative') return `N${state.version}`
  const { version: v, json, softAt, hardAt, refreshUntil } = state
  return `V${v} ${json} ${hardAt - softAt} ${refreshUntil > 0}`
}

/** The same of what the model says. */
function lengths(state: string): string {
  const [head = '', json, softAt, hardAt, refreshUntil] = state.split(' ')
  if (head.startsWith('N')) return head
  if (!head.startsWith('V')) return state
  return `${head} ${json} ${Number(hardAt) - Number(softAt)} ${Number(refreshUntil) > 0}`
}

async function clear(store: RedisStore, prefix: string): Promise<string> {
  let from: string | undefined
  do from = await store.clear(prefix, from)
  while (from !== undefined)
  return ''
}

async function agree(sequence: readonly Operation[], store: RedisStore): Promise<void> {
  const model = new TableModel()
  let passedAt = performance.now()
  const pass = async () => {
    await wait(short * 1.1)
    model.now += short
    passedAt = performance.now()
  }
  for (const [i, { step }] of sequence.entries()) {
    const story = () =>
      sequence
        .slice(0, i + 1)
        .map(({ title }) => title)
        .join('\n')
    if (step === 'pass' || performance.now() - passedAt > passAfter) await pass()
    if (step === 'pass') continue
    const expected = step(model, store)
    assert.equal(await expected.store, expected.model, story())
    for (const k of ['k:x', 'k:y']) {
      assert.equal(seen(await store.get(k)), lengths(model.get(k)), `${k} after\n${story()}`)
    }
  }
}

describeWith(['redis'], 'Redis', () => {
  let client: Awaited<ReturnType<typeof connect>>
  beforeAll(async () => {
    client = await connect(await freshRedis())
  })
  afterAll(() => client.close())

  test('agrees with the table on random operations of several writers and readers', {
    timeout: 60_000,
  }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const sequences = fc.sample(fc.array(operations, { minLength: 30, maxLength: 60 }), {
      numRuns: 60,
      seed,
    })
    const { create } = harnessOf(() => redisStore({ client }))
    const runs = sequences.map(async (sequence) => agree(sequence, (await create()).store))
    for (const result of await Promise.allSettled(runs)) {
      if (result.status === 'rejected') throw new Error(`seed ${seed}`, { cause: result.reason })
    }
  })
})
