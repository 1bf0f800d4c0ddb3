import { describeWith, freshDatabase, freshRedis } from '@caching-patterns/local-servers/vitest'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { patternNames } from '../../http/port.ts'
import { send } from '../http/client.ts'
import { cleanUp, type ServiceProcess, startServices } from './service-process.ts'

// Starts take seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

describeWith(['redis', 'postgres'], 'services with OUTBOX=on', () => {
  let services: ServiceProcess
  let urls: Readonly<Record<string, string>>
  let database: pg.Pool
  beforeAll(async () => {
    const variables = {
      REDIS_URL: await freshRedis(),
      DATABASE_URL: await freshDatabase(),
      SEED_USERS: '10',
      WRITE_DELAY: '0ms',
      OUTBOX: 'on',
    }
    services = startServices(patternNames, variables)
    urls = await services.ready
    database = new pg.Pool({ connectionString: variables.DATABASE_URL, max: 2 })
  })
  afterAll(async () => {
    await cleanUp()
    await database?.end()
  })

  const at = (pattern: string, method: string, path: string, body?: object) =>
    send(urls[pattern] ?? '', method, path, body && { body })
  const json = async (pattern: string, path: string) =>
    JSON.parse((await at(pattern, 'GET', path)).text)
  const schemaOf = (pattern: string) => pattern.replaceAll('-', '_')
  const until = <Result>(check: () => Promise<Result>) =>
    vi.waitFor(check, { timeout: 20_000, interval: 20 })
  const isEmpty = async (pattern: string) => {
    const { rows } = await database.query(`select from ${schemaOf(pattern)}.cache_outbox`)
    expect(rows).toHaveLength(0)
  }

  describe.each(patternNames.filter((pattern) => pattern !== 'write-behind'))('%s', (pattern) => {
    test('hears of a commit whose writer has told nobody', async () => {
      const before = await json(pattern, '/users/1')
      expect(before.name).toBe('User 1')
      expect((await at(pattern, 'GET', '/users/1')).headers.get('cache-status')).toContain('hit')
      const schema = schemaOf(pattern)
      await database.query(
        `with written as (
           update ${schema}.users set name = 'Behind', version = nextval('${schema}.cache_version')
           where id = 1 returning id, version)
         insert into ${schema}.cache_outbox (entity, key, version)
         select '"users"."id"', id::text, version from written`,
      )
      await until(async () => expect((await json(pattern, '/users/1')).name).toBe('Behind'))
      await until(() => isEmpty(pattern))
    })

    test('records its own writes, and shows what was relayed', async () => {
      const { outbox: before } = await json(pattern, '/stats')
      const body = { name: 'Ada', email: `${pattern}@example.com` }
      const created = await at(pattern, 'POST', '/users', body)
      const path = created.headers.get('location') ?? ''
      await at(pattern, 'PUT', path, { ...body, name: 'Eve' })
      await at(pattern, 'DELETE', path)
      await until(() => isEmpty(pattern))
      const { outbox } = await json(pattern, '/stats')
      expect(outbox).toEqual({
        relayed: before.relayed + 3,
        unanswered: 0,
        refused: 0,
        failures: 0,
        waitingMs: expect.any(Number),
        lagMs: { last: expect.any(Number), max: expect.any(Number) },
      })
      expect(outbox.lagMs.max).toBeGreaterThan(0)
    })
  })

  test('write-behind has none: what it flushes is recorded nowhere', async () => {
    await at('write-behind', 'PUT', '/users/1', { name: 'Ada', email: 'ada@example.com' })
    await until(async () => {
      const { rows } = await database.query('select name from write_behind.users where id = 1')
      expect(rows).toEqual([{ name: 'Ada' }])
    })
    await isEmpty('write-behind')
    expect(await json('write-behind', '/stats')).not.toHaveProperty('outbox')
  })

  test('end with their relays', async () => {
    services.kill('SIGTERM')
    expect((await services.ended).code, services.output()).toBe(0)
    expect(services.output()).not.toContain('background-failure')
  })
})
