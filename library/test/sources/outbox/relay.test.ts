import { CacheError } from 'caching-patterns'
import {
  type Outbox,
  type OutboxEvent,
  type OutboxRelay,
  type OutboxRelayOptions,
  type OutboxRow,
  outboxRelay,
} from 'caching-patterns/postgres'
import { type ManualClock, manualClock, settle } from 'caching-patterns/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

type Hearer = OutboxRelayOptions<number>['caches'][number]

let clock: ManualClock
let rows: OutboxRow[]
let events: OutboxEvent[]
let relays: OutboxRelay[]
/** Instead of an answer of the database. */
let failure: Error | undefined
let looks: number
beforeEach(() => {
  clock = manualClock()
  rows = []
  events = []
  relays = []
  failure = undefined
  looks = 0
})
afterEach(async () => {
  for (const relay of relays) await relay.close()
  expect(clock.pending()).toBe(0)
})

/** An outbox in memory: what `take` promises, without a database. */
const outbox: Outbox<number> = {
  entity: 'items.id',
  async oldestMs() {
    looks += 1
    if (failure !== undefined) throw failure
    return rows[0]?.ageMs
  },
  async take({ after, limit }, deliver) {
    const taken = rows.filter(({ id }) => Number(id) > Number(after)).slice(0, limit)
    const delivery = await deliver(taken)
    if (failure !== undefined) throw failure
    rows = rows.filter(({ id }) => !delivery.done.includes(id))
    return delivery
  },
  parseKey(text) {
    if (/^[0-9]+$/.test(text)) return Number(text)
    throw new CacheError('INVALID_KEY', `key ${text}`)
  },
}

let ids = 0
function record(key: string, version: number, ageMs = 5): void {
  rows.push({ id: String(++ids), key, version, ageMs })
}

/** A cache that writes down what it is told; `answer` may reject, or hang. */
function hearer(answer: (key: number) => Promise<void> = async () => {}) {
  const heard: string[] = []
  const cache: Hearer = {
    invalidateUpTo(key, version) {
      heard.push(`${key}@${version}`)
      return answer(key)
    },
  }
  return { heard, cache }
}

function relayTo(caches: readonly Hearer[], options: Partial<OutboxRelayOptions<number>> = {}) {
  const onEvent = (event: OutboxEvent) => void events.push(event)
  const relay = outboxRelay<number>({ source: { outbox }, caches, clock, onEvent, ...options })
  relays.push(relay)
  return relay
}

const unavailable = () => Promise.reject(new CacheError('STORE_UNAVAILABLE', 'away'))

describe('a relay', () => {
  test('tells every cache the newest version of each key once, and removes the rows', async () => {
    record('1', 11)
    record('2', 12)
    record('1', 14)
    record('1', 13)
    const [one, two] = [hearer(), hearer()]
    relayTo([one.cache, two.cache])
    await settle()
    expect(one.heard).toEqual(['1@14', '2@12'])
    expect(two.heard).toEqual(one.heard)
    expect(rows).toEqual([])
    expect(events).toEqual([
      { type: 'outbox-relayed', entity: 'items.id', rows: 4, keys: 2, lagMs: 5 },
    ])
  })

  test('looks again every 250 ms, and at once after a batch that was full', async () => {
    const { heard, cache } = hearer()
    relayTo([cache], { batchSize: 2 })
    await clock.advance(249)
    expect(looks).toBe(1)
    for (const key of ['1', '2', '3', '4', '5']) record(key, 1)
    await clock.advance(1)
    await settle()
    expect(heard).toHaveLength(5)
    expect(looks).toBe(4)
  })

  test('keeps the rows that one of its caches does not answer, and tells them again', async () => {
    record('1', 11)
    record('2', 12)
    let isAway = true
    const steady = hearer()
    const shaky = hearer((key) => (isAway && key === 1 ? unavailable() : Promise.resolve()))
    const relay = relayTo([steady.cache, shaky.cache])
    await settle()
    expect(rows.map(({ key }) => key)).toEqual(['1'])
    expect(events.map(({ type }) => type)).toEqual(['outbox-relayed', 'outbox-unanswered'])
    expect(relay.figures()).toMatchObject({ relayed: 1, unanswered: 1, waitingMs: 5 })
    isAway = false
    await clock.advance(1_000)
    expect(rows).toEqual([])
    expect(steady.heard).toEqual(['1@11', '2@12', '1@11'])
    expect(relay.figures()).toMatchObject({ relayed: 2, waitingMs: 0 })
  })

  test('does not let rows wait for those before them that are not answered', async () => {
    for (let key = 1; key <= 6; key++) record(String(key), 1)
    const { cache } = hearer((key) => (key <= 3 ? unavailable() : Promise.resolve()))
    relayTo([cache], { batchSize: 2 })
    await clock.advance(500)
    expect(rows.map(({ key }) => key)).toEqual(['1', '2', '3'])
  })

  test('tells everything when the caches are back, however much has gathered', async () => {
    let isAway = true
    const { heard, cache } = hearer(() => (isAway ? unavailable() : Promise.resolve()))
    relayTo([cache], { batchSize: 10 })
    for (let key = 1; key <= 95; key++) record(String(key), 1)
    await clock.advance(10_000)
    expect(rows).toHaveLength(95)
    // A look every 250 ms, and at most a batch for each: an outage is no storm.
    expect(heard.length).toBeLessThanOrEqual(410)
    isAway = false
    await clock.advance(2_000)
    expect(rows).toEqual([])
  })

  test('gives a cache 1.5 s to answer, less than a transaction may idle', async () => {
    record('1', 11)
    const { cache } = hearer(() => new Promise(() => {}))
    const relay = relayTo([cache])
    await clock.advance(1_499)
    expect(events).toEqual([])
    await clock.advance(1)
    expect(events).toMatchObject([
      { type: 'outbox-unanswered', rows: 1, error: { code: 'STORE_TIMEOUT' } },
    ])
    const closing = relay.close()
    await clock.advance(1_500)
    await closing
  })

  test('drops a row whose key or version a cache cannot hold, and says so', async () => {
    record('not a number', 11)
    record('2', 12)
    record('3', 13)
    const refusing = hearer((key) =>
      key === 2 ? Promise.reject(new CacheError('INVALID_KEY', 'too long')) : Promise.resolve(),
    )
    const other = hearer()
    const relay = relayTo([refusing.cache, other.cache])
    await settle()
    expect(rows).toEqual([])
    expect(other.heard).toEqual(['2@12', '3@13'])
    expect(events.filter(({ type }) => type === 'outbox-refused')).toMatchObject([
      { key: 'not a number', version: 11, error: { code: 'INVALID_KEY' } },
      { key: '2', version: 12 },
    ])
    expect(relay.figures()).toMatchObject({ relayed: 3, refused: 2, unanswered: 0 })
  })

  test('goes on when the database is back, and asks it less often while it is away', async () => {
    failure = new Error('away')
    record('1', 11)
    const { heard, cache } = hearer()
    const relay = relayTo([cache])
    await clock.advance(10_000)
    expect(looks).toBeLessThanOrEqual(13)
    expect(relay.figures().failures).toBe(looks)
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['outbox-failure']))
    expect(events[0]).toMatchObject({ entity: 'items.id', error: failure })
    failure = undefined
    await clock.advance(1_000)
    expect(heard).toEqual(['1@11'])
    expect(rows).toEqual([])
  })

  test('counts nothing as relayed of a transaction that was not answered', async () => {
    record('1', 11)
    const relay = relayTo([
      hearer(async () => {
        failure = new Error('cut')
      }).cache,
    ])
    await settle()
    expect(relay.figures()).toMatchObject({ relayed: 0, failures: 1, lagMs: { last: 0, max: 0 } })
    expect(rows).toHaveLength(1)
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('mine')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('mine'))],
  ])('outlives a listener that %s', async (_, onEvent) => {
    record('1', 11)
    relayTo([hearer().cache], { onEvent })
    await settle()
    record('2', 12)
    await clock.advance(250)
    expect(rows).toEqual([])
  })

  test('shows how long its rows have waited, of the last batch and at most', async () => {
    record('1', 11, 400)
    record('2', 12, 7)
    const relay = relayTo([hearer(() => new Promise((done) => clock.after(100, done))).cache])
    await clock.advance(100)
    record('3', 13, 20)
    await clock.advance(350)
    expect(relay.figures().lagMs).toEqual({ last: 120, max: 500 })
  })

  test('ends after the batch under way, and looks no more', async () => {
    record('1', 11)
    let answer = () => {}
    const { cache } = hearer(
      () =>
        new Promise((done) => {
          answer = done
        }),
    )
    const relay = relayTo([cache])
    await settle()
    let isClosed = false
    const closing = relay.close().then(() => {
      isClosed = true
    })
    await settle()
    expect(isClosed).toBe(false)
    answer()
    await closing
    expect(rows).toEqual([])
    record('2', 12)
    await clock.advance(10_000)
    expect(rows).toHaveLength(1)
    expect(looks).toBe(1)
  })

  test('ends at once where it only waits', async () => {
    const relay = relayTo([hearer().cache])
    await settle()
    await relay[Symbol.asyncDispose]()
    await relay.close()
    expect(clock.pending()).toBe(0)
  })
})

describe('wrong options of a relay are refused where they are given:', () => {
  const source = { outbox }
  const caches = [hearer().cache]
  const wrong: [what: string, options: object, message: string][] = [
    ['a source without an outbox', { source: {}, caches }, 'source: expected a source with the'],
    ['no caches', { source, caches: [] }, 'caches: expected a list of one or more caches'],
    ['what is no cache', { source, caches: [{}] }, 'caches: expected a list of one or more caches'],
    ['one cache alone', { source, caches: caches[0] }, 'caches: expected a list of one or more'],
    ['pollMs below 10', { source, caches, pollMs: 9 }, 'pollMs: expected an integer from 10 to 60'],
    ['pollMs above a minute', { source, caches, pollMs: 60_001 }, 'pollMs: expected an integer'],
    ['an empty batch', { source, caches, batchSize: 0 }, 'batchSize: expected an integer from 1'],
    ['a vast batch', { source, caches, batchSize: 1_001 }, 'batchSize: expected an integer from'],
    ['what is no clock', { source, caches, clock: {} }, 'clock: expected an object with now and'],
    ['what is no listener', { source, caches, onEvent: 1 }, 'onEvent: expected a function'],
  ]
  test.each(wrong)('%s', (_, options, message) => {
    expect(() => outboxRelay(options as OutboxRelayOptions<number>)).toThrow(message)
    expect(looks).toBe(0)
  })
})
