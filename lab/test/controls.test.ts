import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { controlApp } from '../controls/app.ts'
import { type ControlCache, mapCache } from '../controls/cache.ts'
import type { Control, QueueFigures } from '../controls/control.ts'
import { type CountedDatabase, countingStatements } from '../controls/counting.ts'
import { type ControlDatabase, openDatabase } from '../controls/database.ts'
import { readControlEnvironment } from '../controls/environment.ts'
import { naive } from '../controls/naive.ts'
import { naiveWriteBehind } from '../controls/naive-write-behind.ts'
import { noCache } from '../controls/no-cache.ts'
import { tableSetup, UsersTable } from '../controls/users-table.ts'

const users = 40
const ttlMs = 60_000
const hour = 3_600_000
let folder: string
let database: CountedDatabase
let table: UsersTable
let taken = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'controls-'))
  const environment = readControlEnvironment({ DATA_DIR: folder })
  database = countingStatements(await openDatabase(environment, tableSetup('control', users)))
  table = new UsersTable(database, 'control')
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

/** A user that no other test has touched. */
function fresh(): { readonly id: number; named(name: string): { name: string; email: string } } {
  taken += 1
  const email = `user${taken}@example.com`
  return { id: taken, named: (name) => ({ name, email }) }
}

/** Answers of statements of this name wait until they are let go. */
function holding(name: string) {
  let letGo: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  let isReached: () => void = () => undefined
  const reached = new Promise<void>((resolve) => {
    isReached = resolve
  })
  const held: ControlDatabase = {
    async query<Row extends object>(...call: Parameters<ControlDatabase['query']>) {
      const isHeld = call[0].name === name
      // A write is held before it is done, a read with its answer in hand.
      const early = isHeld && name !== 'find' ? gate : undefined
      if (isHeld) isReached()
      await early
      const rows = await database.query<Row>(...call)
      if (isHeld) await gate
      return rows
    },
  }
  return { table: new UsersTable(held, 'control'), reached, letGo: () => letGo() }
}

async function settled({ queue }: Control): Promise<void> {
  await expect.poll(queue as () => Promise<QueueFigures>).toEqual({ waiting: 0, isFlushing: false })
}

describe('no-cache', () => {
  test('asks the database for every read, and is never older than the row', async () => {
    const { id, named } = fresh()
    const control = noCache(table)
    const before = database.statements
    expect(await control.read(id)).toMatchObject({ user: { name: `User ${id}` }, from: 'bypass' })
    await control.update(id, named('Ada'))
    expect(await control.read(id)).toMatchObject({ user: { name: 'Ada' }, from: 'bypass' })
    expect(database.statements - before).toBe(3)
  })
})

describe('naive', () => {
  test('answers from the cache what it has stored, until it changes', async () => {
    const { id, named } = fresh()
    const control = naive({ table, cache: mapCache(), ttlMs })
    const before = database.statements
    expect((await control.read(id)).from).toBe('stored')
    expect(await control.read(id)).toEqual({ user: await table.find(id), from: 'hit' })
    await control.update(id, named('Ada'))
    expect(await control.read(id)).toMatchObject({ user: { name: 'Ada' }, from: 'stored' })
    await control.clear()
    expect((await control.read(id)).from).toBe('stored')
    await control.remove(id)
    expect(await control.read(id)).toEqual({ user: undefined, from: 'miss' })
    expect(database.statements - before).toBe(7)
  })

  test('keeps, until the TTL, what was loaded before a write and stored after it', async () => {
    const { id, named } = fresh()
    const slow = holding('find')
    let at = 0
    const control = naive({ table: slow.table, cache: mapCache(() => at), ttlMs })
    const loading = control.read(id)
    await slow.reached
    await control.update(id, named('Ada'))
    slow.letGo()
    await loading
    at = ttlMs - 1
    expect(await control.read(id)).toMatchObject({ user: { name: `User ${id}` }, from: 'hit' })
    expect(await table.find(id)).toMatchObject({ name: 'Ada' })
    at = ttlMs
    expect(await control.read(id)).toMatchObject({ user: { name: 'Ada' }, from: 'stored' })
  })

  test('loads as often as there are readers who miss at once', async () => {
    const { id } = fresh()
    const control = naive({ table, cache: mapCache(), ttlMs })
    const before = database.statements
    await Promise.all(Array.from({ length: 10 }, () => control.read(id)))
    expect(database.statements - before).toBe(10)
  })

  test('answers a committed write with an error when the cache fails, and keeps what was before', async () => {
    const { id, named } = fresh()
    const cache: ControlCache = {
      ...mapCache(),
      delete: () => Promise.reject(new Error('Redis is away')),
    }
    const control = naive({ table, cache, ttlMs })
    await control.read(id)
    await expect(control.update(id, named('Ada'))).rejects.toThrow('Redis is away')
    expect(await table.find(id)).toMatchObject({ name: 'Ada' })
    expect(await control.read(id)).toMatchObject({ user: { name: `User ${id}` }, from: 'hit' })
  })
})

describe('naive-write-behind', () => {
  const open = (more: { cache?: ControlCache; table?: UsersTable; delayMs?: number } = {}) =>
    naiveWriteBehind({ table, cache: mapCache(), ttlMs, delayMs: 5, seedUsers: users, ...more })

  test('shows a write at once, and brings it into the database later', async () => {
    const { id, named } = fresh()
    const control = open()
    const written = await control.update(id, named('Ada'))
    expect(await control.read(id)).toEqual({ user: written, from: 'hit' })
    const created = await control.create({ name: 'Eve', email: 'eve@example.com' })
    expect(created.id).toBeGreaterThan(users)
    await settled(control)
    expect(await table.find(id)).toEqual(written)
    expect(await table.find(created.id)).toEqual(created)
    await control.remove(created.id)
    await settled(control)
    expect(await table.find(created.id)).toBeUndefined()
  })

  test('loses a write whose process ends before it is queued, and shows it until then', async () => {
    const { id, named } = fresh()
    let isPushing: () => void = () => undefined
    const died = new Promise<void>((resolve) => {
      isPushing = resolve
    })
    const push = () => new Promise<void>(() => isPushing())
    const cache: ControlCache = { ...mapCache(), push }
    void open({ cache }).update(id, named('Ada'))
    await died
    const other = open({ cache })
    expect(await other.read(id)).toMatchObject({ user: { name: 'Ada' }, from: 'hit' })
    await settled(other)
    await other.clear()
    expect(await other.read(id)).toMatchObject({ user: { name: `User ${id}` } })
  })

  test('shows the row from before a write that waits for longer than the TTL', async () => {
    const { id, named } = fresh()
    let at = 0
    const control = open({ cache: mapCache(() => at), delayMs: hour })
    await expect.poll(control.queue as never).toMatchObject({ isFlushing: false })
    await control.update(id, named('Ada'))
    at = ttlMs
    expect(await control.read(id)).toMatchObject({ user: { name: `User ${id}` }, from: 'stored' })
    expect(await control.queue?.()).toMatchObject({ waiting: 1 })
  })

  test('writes an older row over a newer one when its process is the slower one', async () => {
    const { id, named } = fresh()
    const cache = mapCache()
    const slow = holding('put')
    const one = open({ cache, table: slow.table })
    await one.update(id, named('older'))
    await slow.reached
    const other = open({ cache })
    await other.update(id, named('newer'))
    await settled(other)
    expect(await table.find(id)).toMatchObject({ name: 'newer' })
    expect(await one.queue?.()).toEqual({ waiting: 0, isFlushing: true })
    slow.letGo()
    await settled(one)
    expect(await table.find(id)).toMatchObject({ name: 'older' })
  })

  test('drops a write that the database refuses, and sends a statement for each of one user', async () => {
    const [{ id }, taken] = [fresh(), fresh()]
    const control = open()
    await control.read(id)
    const before = database.statements
    await control.update(id, taken.named('Ada'))
    await control.update(id, taken.named('Eve'))
    await settled(control)
    expect(await table.find(id)).toMatchObject({ name: `User ${id}` })
    expect(database.statements - before).toBe(3)
  })
})

describe('the face of a control', () => {
  const serve = (control: Control) =>
    controlApp('naive', control, { logLevel: 'silent', statements: () => database.statements })
  const json = { 'content-type': 'application/json' }

  test('answers as the services do, as far as the lab asks', async () => {
    const { id, named } = fresh()
    const app = serve(naive({ table, cache: mapCache(), ttlMs }))
    const get = (path: string) => app.inject({ method: 'GET', url: path })
    const put = (path: string, body: object) =>
      app.inject({ method: 'PUT', url: path, headers: json, payload: body })
    expect((await get(`/users/${id}`)).headers['cache-status']).toBe('"naive"; fwd=miss; stored')
    const { statusCode, headers, body } = await get(`/users/${id}`)
    expect([statusCode, headers.etag, headers['cache-status']]).toEqual([
      200,
      '"1"',
      '"naive"; hit',
    ])
    expect(Object.keys(JSON.parse(body)).sort()).toEqual([
      'createdAt',
      'email',
      'id',
      'name',
      'updatedAt',
    ])
    const updated = await put(`/users/${id}`, named('Ada'))
    expect(updated.headers['write-status']).toBe('confirmed')
    expect(updated.headers.etag).toBe(`"${(await table.find(id))?.version}"`)
    expect(JSON.parse(updated.body)).toMatchObject({ id, ...named('Ada') })
    expect((await put(`/users/${id}`, { ...named('Ada'), age: 3 })).statusCode).toBe(400)
    expect((await put(`/users/${id}`, named(''))).statusCode).toBe(400)
    const other = fresh().named('Eve')
    expect((await put(`/users/${id}`, other)).statusCode).toBe(409)
    expect((await get('/users/01')).statusCode).toBe(400)
    expect((await get('/users/999999')).statusCode).toBe(404)
    const gone = await app.inject({ method: 'DELETE', url: `/users/${id}` })
    expect([gone.statusCode, gone.headers['write-status']]).toEqual([204, 'confirmed'])
    const payload = { name: 'Eve', email: 'eve.new@example.com' }
    const made = await app.inject({ method: 'POST', url: '/users', headers: json, payload })
    expect([made.statusCode, made.headers.location]).toEqual([
      201,
      `/users/${JSON.parse(made.body).id}`,
    ])
  })

  test('counts reads by what they were, writes that were done, and statements', async () => {
    const { id, named } = fresh()
    const app = serve(naive({ table, cache: mapCache(), ttlMs }))
    const stats = async () => JSON.parse((await app.inject('/stats')).body)
    const before = await stats()
    for (const path of [id, id, 999_999]) await app.inject(`/users/${path}`)
    for (const of of [id, 999_999]) {
      const put = { method: 'PUT', url: `/users/${of}`, headers: json } as const
      await app.inject({ ...put, payload: named('Ada') })
    }
    const { reads, loads, writes, database: sent, queue } = await stats()
    expect(reads).toMatchObject({ total: 3, hits: 1, misses: 2, bypass: 0, hitRatio: 1 / 3 })
    expect([loads, writes, queue]).toEqual([{ total: 2 }, { total: 1 }, null])
    expect(sent.statements - before.database.statements).toBe(4)
    expect((await app.inject({ method: 'POST', url: '/admin/cache/clear' })).statusCode).toBe(204)
    expect((await app.inject(`/users/${id}`)).headers['cache-status']).toContain('fwd=miss')
  })
})

test('the environment of a control is refused in a line that says what was expected', () => {
  const one = (variables: Record<string, string>) => () => readControlEnvironment(variables)
  expect(one({ CACHE_TTL: '5' })).toThrow(
    'CACHE_TTL: expected a length of time such as 250ms or 5m, received "5"',
  )
  expect(one({ SEED_USERS: '-1' })).toThrow('SEED_USERS: expected a whole number, received "-1"')
  expect(one({ CACHE_TTL: '2m', WRITE_DELAY: '250ms' })()).toMatchObject({
    cacheTtlMs: 120_000,
    writeDelayMs: 250,
  })
})
