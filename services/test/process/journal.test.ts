import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import pg from 'pg'
import { afterAll, afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { send } from '../http/client.ts'
import { cleanUp, endRunning, startServices, temporaryFolder } from './service-process.ts'

// Starts take seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

afterEach(endRunning)
afterAll(cleanUp)

const ada = { name: 'Ada', email: 'ada@example.com' }
const settings = { SEED_USERS: '5', WRITE_DELAY: '1m', JOURNAL_FSYNC: 'always' }
const put = (url: string, id: number) => send(url, 'PUT', `/users/${id}`, { body: ada })

describeWith(['postgres'], 'write-behind on a PostgreSQL, without a Redis', () => {
  test('is one process: a second one ends in one line that says who is there', async () => {
    const variables = { ...settings, DATABASE_URL: await freshDatabase() }
    const first = startServices(['write-behind'], {
      ...variables,
      DATA_DIR: await temporaryFolder(),
    })
    const { 'write-behind': url = '' } = await first.ready
    const ready = await send(url, 'GET', '/readyz')
    expect(JSON.parse(ready.text)).toEqual({ status: 'ok', reasons: [] })

    const second = startServices(['cache-aside', 'write-behind'], {
      ...variables,
      DATA_DIR: await temporaryFolder(),
    })
    expect((await second.ended).code, second.output()).toBe(1)
    expect(second.output()).toMatch(
      new RegExp(
        "^DATABASE_URL: \\S+: another process keeps write-behind's journal in its memory " +
          `\\(PostgreSQL says: "write-behind \\w+, process ${first.pid} on \\S+", backend \\d+ from \\S+\\): ` +
          'stop it, or set REDIS_URL\\n$',
      ),
    )
    // The others share the database as they did.
    const third = startServices(['cache-aside'], variables)
    await third.ready
    first.kill('SIGTERM')
    expect((await first.ended).code).toBe(0)
  })

  test('has what a killed process accepted, in the same folder', async () => {
    const variables = {
      ...settings,
      DATABASE_URL: await freshDatabase(),
      DATA_DIR: await temporaryFolder(),
    }
    const first = startServices(['write-behind'], variables)
    const written = await put((await first.ready)['write-behind'] ?? '', 1)
    expect(written.status, written.text).toBe(200)
    first.kill('SIGKILL')
    await first.ended
    const next = startServices(['write-behind'], variables)
    const read = await send((await next.ready)['write-behind'] ?? '', 'GET', '/users/1')
    expect(JSON.parse(read.text)).toMatchObject(ada)
    expect(read.headers.get('etag')).toBe(written.headers.get('etag'))
    expect(next.output()).toContain('accepted writes that an earlier process did not flush')
    next.kill('SIGTERM')
    expect((await next.ended).code).toBe(0)
  })

  test('refuses writes and labels reads when another takes its lock, then ends, in one line', async () => {
    const DATABASE_URL = await freshDatabase()
    const service = startServices(['write-behind'], {
      ...settings,
      DATABASE_URL,
      DATA_DIR: await temporaryFolder(),
    })
    const { 'write-behind': url = '' } = await service.ready
    expect((await put(url, 1)).status).toBe(200)
    const admin = new pg.Client({ connectionString: DATABASE_URL })
    onTestFinished(() => admin.end())
    await admin.connect()
    const thief = new pg.Client({ connectionString: DATABASE_URL, application_name: 'thief' })
    onTestFinished(() => thief.end())
    await thief.connect()
    const stolen = thief.query(
      "select pg_advisory_lock(x'63706a6c'::integer, hashtext('write_behind'))",
    )
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'write-behind %' and datname = current_database()",
    )
    await stolen
    await vi.waitUntil(async () => (await put(url, 2)).status === 503, { timeout: 5_000 })
    expect(JSON.parse((await put(url, 2)).text)).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const read = await send(url, 'GET', '/users/1')
    expect(read.headers.get('cache-status')).toContain('detail=stale')
    const ready = JSON.parse((await send(url, 'GET', '/readyz')).text)
    expect(ready).toMatchObject({
      status: 'degraded',
      reasons: [expect.stringMatching(/^the lock .* is not held: .* writes are refused$/)],
    })
    expect((await service.ended).code, service.output()).toBe(1)
    expect(service.output()).toMatch(
      /^DATABASE_URL: .* another process .*"thief".*: this one ends$/m,
    )
    // Not flushed by one that may not: the journal has it.
    const { rows } = await admin.query('select name from write_behind.users where id = 1')
    expect(rows).toEqual([{ name: 'User 1' }])
  })
})

test('an embedded write-behind says what a power failure may lose, by JOURNAL_FSYNC', async () => {
  const variables = { ...settings, DATA_DIR: await temporaryFolder(), JOURNAL_FSYNC: 'no' }
  const service = startServices(['cache-aside', 'write-behind'], variables)
  const urls = await service.ready
  const warnings = [expect.stringMatching(/^a power failure may lose .*JOURNAL_FSYNC=no/)]
  const behind = await send(urls['write-behind'] ?? '', 'GET', '/readyz')
  expect(JSON.parse(behind.text)).toEqual({ status: 'ok', reasons: [], warnings })
  const aside = await send(urls['cache-aside'] ?? '', 'GET', '/readyz')
  expect(JSON.parse(aside.text)).toEqual({ status: 'ok', reasons: [] })
  service.kill('SIGTERM')
  expect((await service.ended).code).toBe(0)
})
