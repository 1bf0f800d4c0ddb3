import { describeWith, freshDatabase, freshRedis } from '@caching-patterns/local-servers/vitest'
import { CacheError, type CacheEvent, readThrough } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import type { Outbox, OutboxRow, PostgresSource } from 'caching-patterns/postgres'
import { failingStore } from 'caching-patterns/testing'
import { expect, test, vi } from 'vitest'
import { readEnvironment } from '../environment.ts'
import type { User } from '../http/port.ts'
import { relayOutbox } from '../outbox.ts'
import { wire } from '../wiring.ts'

/** Rows in memory, in place of a table. */
function outboxOf(rows: OutboxRow[]): Outbox<number> {
  return {
    entity: 'users',
    oldestMs: async () => rows[0]?.ageMs,
    async take(_, deliver) {
      const delivery = await deliver([...rows])
      for (const id of delivery.done)
        rows.splice(
          rows.findIndex((row) => row.id === id),
          1,
        )
      return delivery
    },
    parseKey(text) {
      if (text === 'none') throw new CacheError('INVALID_KEY', 'none')
      return Number(text)
    },
  }
}

function open() {
  const rows: OutboxRow[] = []
  const events: CacheEvent[] = []
  const { store, failures } = failingStore(memoryStore())
  const user = { id: 1, name: 'Ada', email: 'a@b.c', createdAt: '', updatedAt: '' }
  const source = {
    versioned: true,
    authority: 'here',
    outbox: outboxOf(rows),
    load: async () => ({ value: user, version: 5 }),
  } as unknown as PostgresSource<number, User>
  const parts = { pattern: 'read-through', store, source } as const
  const relay = relayOutbox({ ...parts, onEvent: (event) => events.push(event) })
  const users = readThrough<number, User>({
    ...parts,
    name: 'users',
    namespace: 'read-through',
    ttl: '5m',
  })
  let ids = 0
  const record = (key: string, version: number) =>
    rows.push({ id: String(++ids), key, version, ageMs: 1 })
  return { rows, events, failures, relay, users, record }
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 })

test('a relay takes away the entries of its service, by their place in the store', async () => {
  const { rows, relay, users, record } = open()
  await users.get(1)
  record('1', 5)
  await until(() => expect(rows).toEqual([]))
  expect(await users.peek(1)).toMatchObject({ name: 'Ada' })
  record('1', 6)
  await until(() => expect(rows).toEqual([]))
  expect(await users.peek(1)).toBeUndefined()
  await relay.close()
  await users.close()
})

test('a relay tells of a trouble when it begins, and of every key that it had to drop', async () => {
  const { rows, events, failures, relay, users, record } = open()
  failures.on('invalidateUpTo', 'reject')
  record('1', 6)
  await until(() => expect(relay.figures().unanswered).toBeGreaterThan(2))
  expect(events).toMatchObject([
    {
      type: 'background-failure',
      cache: 'users',
      reason: 'outbox',
      error: { code: 'STORE_UNAVAILABLE' },
    },
  ])
  failures.heal()
  await until(() => expect(rows).toEqual([]))
  record('none', 7)
  record('2', 7)
  await until(() => expect(events).toHaveLength(2))
  expect(events[1]).toMatchObject({ reason: 'outbox', error: { code: 'INVALID_KEY' } })
  await until(() => expect(rows).toEqual([]))
  failures.on('invalidateUpTo', 'reject')
  record('1', 8)
  await until(() => expect(events).toHaveLength(3))
  failures.heal()
  await until(() => expect(rows).toEqual([]))
  await relay.close()
  await users.close()
  expect(events.filter(({ type }) => type !== 'background-failure')).toEqual([])
})

describeWith(['postgres', 'redis'], 'a wiring with an outbox', () => {
  test('ends its relays before the servers that they use', async () => {
    const DATABASE_URL = await freshDatabase()
    const REDIS_URL = await freshRedis()
    const wiring = wire(readEnvironment({ DATABASE_URL, REDIS_URL, OUTBOX: 'on', SEED_USERS: '1' }))
    const { parts, source } = await wiring.open('read-through')
    const events: CacheEvent[] = []
    parts.subscribe((event) => events.push(event))
    await source.update(1, { name: 'Ada' }, { deadlineAt: Date.now() + 10_000 })
    await until(() => expect(parts.figures?.()).toMatchObject({ outbox: { relayed: 1 } }))
    await wiring.close()
    // More than two looks of a relay, which would find its pool ended.
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(events).toEqual([])
    expect(parts.figures?.()).toMatchObject({ outbox: { failures: 0 } })
  })
})
