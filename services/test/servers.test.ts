import { describeWith, freshDatabase, freshRedis } from '@caching-patterns/local-servers/vitest'
import { pgDriver, pgOptions } from 'caching-patterns/postgres'
import pg from 'pg'
import { expect, test } from 'vitest'
import { readEnvironment } from '../environment.ts'
import { patternNames } from '../http/port.ts'
import { serve } from '../serve.ts'
import { usersSource } from '../users-source.ts'
import { send } from './http/client.ts'

describeWith(['redis', 'postgres'], 'services on servers', () => {
  test('have no use for what was cached of another database', async () => {
    const redisUrl = await freshRedis()
    for (const name of ['Ada', 'Eve']) {
      const variables = { REDIS_URL: redisUrl, DATABASE_URL: await freshDatabase() }
      const own = { PORT: '0', SEED_USERS: '5', LOG_LEVEL: 'silent' }
      const running = serve(patternNames, readEnvironment({ ...variables, ...own }))
      for (const { name: pattern, url } of await running.ready) {
        const first = await send(url, 'GET', '/users/1')
        expect(first.headers.get('cache-status'), `${name} ${pattern}`).toContain(
          'fwd=miss; stored',
        )
        expect(JSON.parse(first.text)).toMatchObject({ name: 'User 1' })
        const body = { name, email: 'someone@example.com' }
        expect((await send(url, 'PUT', '/users/1', { body })).status).toBe(200)
        await expect
          .poll(async () => (await send(url, 'GET', '/users/1')).headers.get('cache-status'))
          .toContain('; hit')
      }
      await running.close()
    }
  })

  test('share one pool, and leave no connection behind', async () => {
    const url = await freshDatabase()
    const variables = { DATABASE_URL: url, PORT: '0', SEED_USERS: '40', LOG_LEVEL: 'silent' }
    const running = serve(patternNames, readEnvironment(variables))
    const services = await running.ready
    const asked = services.flatMap((service) =>
      Array.from({ length: 40 }, (_, i) => send(service.url, 'GET', `/users/${i + 1}`)),
    )
    expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([200]))
    const watcher = new pg.Client({ connectionString: url })
    await watcher.connect()
    const connections = async () => {
      const { rowCount } = await watcher.query(
        "select from pg_stat_activity where datname = current_database() and application_name = 'caching-patterns'",
      )
      return rowCount ?? 0
    }
    const open = await connections()
    expect(open).toBeGreaterThan(1)
    expect(open).toBeLessThanOrEqual(10)
    await running.close()
    await expect.poll(connections).toBe(0)
    await watcher.end()
  })

  test('seed for longer than a statement may take otherwise', async () => {
    const settings = { statement_timeout: 50, lock_timeout: 50 }
    const pool = new pg.Pool(pgOptions(await freshDatabase(), settings))
    const { seed } = await usersSource(pgDriver({ pool }), 'read-through')
    // Both wait: for the rows, and one for the other's lock.
    expect((await Promise.all([seed(20_484), seed(20_484)])).sort()).toEqual([0, 20_484])
    await pool.end()
  })
})
