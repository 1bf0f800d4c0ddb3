import { startFaultProxy } from '@caching-patterns/local-servers'
import { describeWith, freshDatabase, freshRedis } from '@caching-patterns/local-servers/vitest'
import { type Cache, cacheAside, readThrough, writeThrough } from 'caching-patterns'
import {
  migrate,
  type OutboxEvent,
  type OutboxRelayOptions,
  outboxRelay,
  outboxTriggerSql,
  pgDriver,
  type SqlDriver,
} from 'caching-patterns/postgres'
import { redisOptions, redisStore } from 'caching-patterns/redis'
import pg from 'pg'
import { createClient } from 'redis'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { openPool, patient, through } from '../pg-pools.ts'
import { TcpProxy } from '../tcp-proxy.ts'
import { type Item, inTime, itemsKey, itemsTable, openItems, recorded } from './rig.ts'

type Hearer = OutboxRelayOptions<number>['caches'][number]

/** What a test undoes when it is over, the last first. */
const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each()
})

const until = <Result>(check: () => Result | Promise<Result>) =>
  vi.waitFor(check, { timeout: 10_000, interval: 10 })

describeWith(['postgres', 'redis'], 'an outbox between PostgreSQL and Redis', () => {
  const schema = 'app'
  let url: string
  let redisUrl: string
  let driver: SqlDriver
  beforeAll(async () => {
    url = await freshDatabase()
    redisUrl = await freshRedis()
    driver = openDriver()
    await migrate(driver, { schema, migrations: [itemsTable] })
  })

  const openDriver = (at = url, options = {}) =>
    pgDriver({ pool: openPool(at, { max: 4, ...patient, ...options }) })

  async function openStore(at = redisUrl) {
    const client = createClient(redisOptions(at))
    const store = redisStore({ client })
    await client.connect()
    undo.push(() => client.destroy())
    return store
  }

  /** Caches over one store, and the writer that tells none of them. */
  async function open(at?: string) {
    const source = await openItems(driver, schema)
    const options = { name: 'items', store: await openStore(at), source, ttl: '1h' } as const
    const closing = <C extends { close(): Promise<void> }>(cache: C) => {
      undo.push(() => cache.close())
      return cache
    }
    const items = closing(readThrough<number, Item>(options))
    const published = closing(writeThrough<number, Item>({ ...options, name: 'published' }))
    const key = async () => {
      const key = await source.nextKey()
      await source.insert(key, { name: `item ${key}` }, inTime())
      return key
    }
    return { source, items, published, key }
  }

  function relay(caches: readonly Hearer[], source: OutboxRelayOptions<number>['source']) {
    const events: OutboxEvent[] = []
    const running = outboxRelay<number>({ source, caches, onEvent: (event) => events.push(event) })
    undo.push(() => running.close())
    return Object.assign(running, { events })
  }

  const isEmpty = async () => expect(await recorded(driver, schema)).toEqual([])
  const nameOf = async (cache: Cache<number, Item>, key: number) => (await cache.get(key))?.name

  test('a writer that dies after its commit leaves the old entry until the relay comes, and not longer', async () => {
    const { source, items, key } = await open()
    const [one, two, three] = [await key(), await key(), await source.nextKey()]
    expect(await nameOf(items, one)).toBe(`item ${one}`)
    expect(await nameOf(items, two)).toBe(`item ${two}`)
    expect(await items.get(three)).toBeUndefined()
    // Its commit alone: what comes after it in a cache's own writes is what the dead writer never does.
    await source.update(one, { name: `changed ${one}` }, inTime())
    await source.delete(two, inTime())
    await source.put(three, { name: `put ${three}`, parent: null } as Item, inTime())
    expect(await nameOf(items, one)).toBe(`item ${one}`)
    expect(await nameOf(items, two)).toBe(`item ${two}`)
    expect(await items.peek(three)).toBeNull()

    const { figures } = relay([items], source)
    await until(isEmpty)
    expect(await nameOf(items, one)).toBe(`changed ${one}`)
    expect(await items.get(two)).toBeUndefined()
    expect(await nameOf(items, three)).toBe(`put ${three}`)
    expect(figures().lagMs.max).toBeGreaterThan(0)
  })

  test('a load that began before such a commit cannot fill after the relay', async () => {
    const { source, key } = await open()
    const store = await openStore()
    const aside = cacheAside<number, Item>({ name: 'aside', store, ttl: '1h' })
    undo.push(() => aside.close())
    const one = await key()
    const slot = await aside.acquire(one)
    if (slot.status !== 'miss') throw new Error(`expected a miss, received ${slot.status}`)
    const old = await source.load(one, { signal: new AbortController().signal })
    await source.update(one, { name: `changed ${one}` }, inTime())
    relay([aside], source)
    await until(isEmpty)
    expect((await slot.fill(old?.value ?? null, { version: old?.version ?? 0 })).isStored).toBe(
      false,
    )
    expect(await aside.peek(one)).toBeUndefined()
  })

  test('what a writer has published stays, and so does what readers loaded after a write', async () => {
    const { source, items, published, key } = await open()
    const one = await key()
    await published.get(one)
    const { version } = await published.update(one, { name: `published ${one}` })
    await items.get(one)
    const { figures } = relay([items, published], source)
    await until(isEmpty)
    expect(figures().relayed).toBeGreaterThan(0)
    for (const cache of [items, published]) {
      const before = (await cache.stats()).loads.total
      expect(await cache.lookup(one)).toMatchObject({ status: 'hit', version })
      expect((await cache.stats()).loads.total).toBe(before)
    }
  })

  test('a write of unknown outcome that was committed is heard of', async () => {
    const { source, items, key } = await open()
    const one = await key()
    await items.get(one)
    const proxy = await TcpProxy.open(Number(new URL(url).port))
    undo.push(() => proxy.close())
    const cut = await openItems(openDriver(through(url, proxy.port)), schema)
    proxy.cutsReplyTo = 'recorded as'
    await expect(cut.update(one, { name: `unknown ${one}` }, inTime())).rejects.toMatchObject({
      code: 'WRITE_OUTCOME_UNKNOWN',
    })
    expect(await nameOf(items, one)).toBe(`item ${one}`)
    relay([items], source)
    await until(isEmpty)
    expect(await nameOf(items, one)).toBe(`unknown ${one}`)
  })

  test('a relay that dies between telling and deleting is repeated by the next, which changes nothing', async () => {
    const { source, items, key } = await open()
    const one = await key()
    const rows = await recorded(driver, schema)
    const ownSource = await openItems(openDriver(url, { application_name: 'dying relay' }), schema)
    const heard: string[] = []
    const dying: Hearer = {
      async invalidateUpTo(key, version) {
        await items.invalidateUpTo(key, version)
        heard.push(`${key}@${version}`)
        await driver.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where application_name = 'dying relay' and datname = current_database()`,
        )
      },
    }
    const first = relay([dying], ownSource)
    await until(() => expect(first.events.map(({ type }) => type)).toContain('outbox-failure'))
    await first.close()
    expect(first.figures().relayed).toBe(0)
    expect(heard).toContain(rows.at(-1))
    expect(await recorded(driver, schema)).toEqual(rows)
    await items.get(one)
    const second = relay([items], source)
    await until(isEmpty)
    expect(second.figures().relayed).toBe(rows.length)
    expect(await items.lookup(one)).toMatchObject({ status: 'hit' })
  })

  test('rows wait while Redis is away, and are told when it is back', async () => {
    const proxy = await startFaultProxy({ port: Number(new URL(redisUrl).port) })
    undo.push(() => proxy.stop())
    const { source, items, key } = await open(through(redisUrl, proxy.port))
    const keys = await Promise.all(Array.from({ length: 30 }, key))
    const { events, figures } = relay([items], source)
    await until(isEmpty)
    await items.warm(keys)
    await proxy.set({ kind: 'refuse' })
    for (const key of keys) await source.update(key, { name: `meanwhile ${key}` }, inTime())
    const unanswered = () => events.filter(({ type }) => type === 'outbox-unanswered').length
    await until(() => expect(unanswered()).toBeGreaterThan(3))
    expect(await recorded(driver, schema)).toHaveLength(30)
    expect(figures().waitingMs).toBeGreaterThan(0)
    await proxy.set(undefined)
    await until(isEmpty)
    // Another process, whose Redis was never away: what it reads is what the relay has told.
    const { items: elsewhere } = await open()
    for (const key of keys) expect(await nameOf(elsewhere, key)).toBe(`meanwhile ${key}`)
  })

  test('relays share the rows, and none waits for another', async () => {
    const { source, items, key } = await open()
    const keys = await Promise.all(Array.from({ length: 50 }, key))
    const ownSource = await openItems(openDriver(), schema)
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const heard: number[] = []
    const slow: Hearer = {
      async invalidateUpTo(key) {
        heard.push(key)
        await held
      },
    }
    const first = outboxRelay<number>({ source, caches: [slow], batchSize: 20 })
    undo.push(() => first.close())
    await until(() => expect(heard).toHaveLength(20))
    const second = relay([items], ownSource)
    await until(() => expect(second.figures().relayed).toBe(30))
    expect(await recorded(driver, schema)).toHaveLength(20)
    release()
    await until(isEmpty)
    expect(first.figures().relayed).toBe(20)
    expect(heard.every((key) => keys.includes(key))).toBe(true)
  })

  describe('with its trigger', () => {
    test('hears of SQL that knows nothing of the library', async () => {
      const byHand = 'by_hand'
      const migrations = [itemsTable, outboxTriggerSql({ schema: byHand, ...itemsKey })]
      await migrate(driver, { schema: byHand, migrations })
      const source = await openItems(driver, byHand)
      const options = { name: 'items', store: await openStore(), source, ttl: '1h' } as const
      const items = writeThrough<number, Item>({ ...options, namespace: byHand })
      undo.push(() => items.close())
      const { figures } = relay([items], source)
      const psql = new pg.Client({ connectionString: url })
      await psql.connect()
      undo.push(() => psql.end())
      const relayed = async (statement: string) => {
        await psql.query(statement)
        await until(async () => expect(await recorded(driver, byHand)).toEqual([]))
      }

      const { key, version } = await items.create({ name: 'by the cache' })
      expect(await items.lookup(key + 1)).toMatchObject({ json: undefined })
      await relayed(`update ${byHand}.items set name = 'by hand' where id = ${key}`)
      const changed = await items.lookup(key)
      expect(changed.value?.name).toBe('by hand')
      expect(changed.version).toBeGreaterThan(version)
      await relayed(`insert into ${byHand}.items (id, name) values (${key + 1}, 'new by hand')`)
      expect(await nameOf(items, key + 1)).toBe('new by hand')
      await relayed(`delete from ${byHand}.items where id = ${key}`)
      expect(await items.get(key)).toBeUndefined()
      // The versions are those of the source: what it writes next is newer still.
      const next = await items.update(key + 1, { name: 'by the cache again' })
      expect(next).toMatchObject({ existed: true, status: 'confirmed' })
      await until(async () => expect(await recorded(driver, byHand)).toEqual([]))
      expect(await items.lookup(key + 1)).toMatchObject({ status: 'hit', version: next.version })
      expect(figures().failures).toBe(0)
    })
  })
})
