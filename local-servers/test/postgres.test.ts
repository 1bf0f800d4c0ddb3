import { existsSync } from 'node:fs'
import { type LocalPostgres, startPostgres } from '@caching-patterns/local-servers'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../src/free-port.ts'
import { postgresQuery } from '../src/postgres-query.ts'
import { within } from '../src/within.ts'
import { isRunning } from './processes.ts'

// One server: the tests are its life, in order.
describeWith(['postgres'], 'startPostgres', ({ postgres: shared }) => {
  let postgres: LocalPostgres
  const query = (sql: string) => postgresQuery(postgres.port, sql)
  const expectSetting = (name: string, value: string) =>
    query(
      `do $$ begin assert current_setting('${name}') = '${value}', current_setting('${name}'); end $$`,
    )

  beforeAll(async () => {
    const ports = [Number(new URL(shared.url).port), await freePort()]
    const settings = { work_mem: '7MB', max_connections: '50' }
    postgres = await startPostgres({ settings, pickPort: async () => ports.shift() ?? 0 })
  })
  afterAll(() => postgres.stop())

  test('takes another port when its own was taken in between', () => {
    expect(postgres.url).toBe(`postgres://postgres@127.0.0.1:${postgres.port}/postgres`)
    expect(postgres.url).not.toBe(shared.url)
  })

  test('passes settings on, which win over its own', async () => {
    await expectSetting('work_mem', '7MB')
    await expectSetting('max_connections', '50')
    await expectSetting('fsync', 'off')
    await expectSetting('server_encoding', 'UTF8')
    await expect(expectSetting('work_mem', '8MB')).rejects.toThrow('7MB')
  })

  test('makes databases, under any name once', async () => {
    const name = 'a "b"/ç'
    const url = await postgres.createDatabase(name)
    expect(decodeURIComponent(new URL(url).pathname)).toBe(`/${name}`)
    await expect(postgres.createDatabase(name)).rejects.toThrow(/already exists \(42P04\)/)
    await postgres.dropDatabase(name)
    await postgres.dropDatabase(name)
    await postgres.createDatabase(name)
  })

  test('keeps its rows over a kill and over a restart, on the same port', async () => {
    const { pid } = postgres
    await query('create table kept (id int)')
    await postgres.kill()
    expect(isRunning(pid)).toBe(false)
    await expect(query('select 1')).rejects.toThrow('ECONNREFUSED')
    await postgres.restart()
    await query('insert into kept values (1)')
    await postgres.restart()
    await query(`do $$ begin assert (select count(*) from kept) = 1; end $$`)
    expect(postgres.pid).not.toBe(pid)
  })

  test('stands still while it is paused, connections that are open too', async () => {
    const slow = query(`do $$ begin perform pg_sleep(0.2); end $$`).then(() => 'done')
    await query('select 1')
    postgres.pause()
    const asked = query('select 1').then(() => 'done')
    expect(await within(600, Promise.race([slow, asked]))).toBeUndefined()
    postgres.resume()
    expect(await Promise.all([slow, asked])).toEqual(['done', 'done'])
  })

  test('quotes what a server says that refuses its settings', async () => {
    const refused = startPostgres({ settings: { no_such_setting: '1' } })
    await expect(refused).rejects.toThrow(/ended with code 1[\s\S]*no_such_setting/)
  })
})

describeWith(['postgres'], 'a durable PostgreSQL', () => {
  test('has nothing switched off, and ends with its folder', async () => {
    const postgres = await startPostgres({ durable: true })
    const query = (sql: string) => postgresQuery(postgres.port, sql)
    for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
      await query(`do $$ begin assert current_setting('${name}') = 'on'; end $$`)
    }
    await query(`create function folder() returns text as $$ begin
      raise exception '<%>', current_setting('data_directory'); end $$ language plpgsql`)
    const told = await query('select folder()').catch(String)
    const folder = /<(.*)>/.exec(String(told))?.[1] ?? ''
    expect(existsSync(folder)).toBe(true)
    postgres.pause()
    await postgres.stop()
    await postgres.stop()
    expect(isRunning(postgres.pid)).toBe(false)
    expect(existsSync(folder)).toBe(false)
    await expect(postgres.restart()).rejects.toThrow('was stopped')
  })
})
