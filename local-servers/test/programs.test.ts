import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  findPrograms,
  startPostgres,
  startRedis,
  startRedisCluster,
} from '@caching-patterns/local-servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'programs-'))
})
afterEach(() => rmSync(root, { recursive: true }))

/** Puts an executable there that prints `output`. */
function install(path: string, output = '', mode = 0o755): string {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `#!/bin/sh\necho '${output}'\n`)
  chmodSync(file, mode)
  return file
}

const find = () => findPrograms({ root, path: `:${join(root, 'mine')}:${join(root, 'other')}` })

describe('findPrograms', () => {
  test('finds nothing where nothing is installed', () => {
    expect(find()).toEqual({ redisServer: undefined, postgres: undefined, openssl: undefined })
  })

  test('takes the first of the path', () => {
    install('other/redis-server')
    install('usr/bin/redis-server')
    const first = install('mine/redis-server')
    expect(find().redisServer).toBe(first)
  })

  test('passes over what cannot be executed', () => {
    install('mine/redis-server', '', 0o644)
    const usual = install('usr/bin/redis-server')
    expect(find().redisServer).toBe(usual)
  })

  test('takes valkey-server where there is no redis-server', () => {
    const valkey = install('mine/valkey-server')
    expect(find().redisServer).toBe(valkey)
    const redis = install('other/redis-server')
    expect(find().redisServer).toBe(redis)
  })

  test('takes initdb and postgres of one folder alone', () => {
    install('mine/initdb')
    install('other/postgres')
    expect(find().postgres).toBeUndefined()
    const initdb = install('other/initdb')
    expect(find().postgres?.initdb).toBe(initdb)
  })

  test('asks pg_config, which may come without a server', () => {
    install('mine/pg_config', join(root, 'elsewhere'))
    expect(find().postgres).toBeUndefined()
    install('elsewhere/initdb')
    const postgres = install('elsewhere/postgres')
    expect(find().postgres?.postgres).toBe(postgres)
  })

  test.each([
    ['usr/lib/postgresql/9/bin', 'usr/lib/postgresql/17/bin'],
    ['usr/pgsql-16/bin', 'usr/pgsql-17/bin'],
    ['opt/homebrew/opt/postgresql@9/bin', 'opt/homebrew/opt/postgresql@18/bin'],
    ['usr/local/opt/postgresql@18/bin', 'usr/lib/postgresql/19/bin'],
  ])('takes the newer one of %s and %s', (older, newer) => {
    for (const folder of [older, newer]) {
      install(`${folder}/initdb`)
      install(`${folder}/postgres`)
    }
    expect(find().postgres?.postgres).toBe(join(root, newer, 'postgres'))
  })
})

describe('without the programs', () => {
  test.each([
    ['startRedis', startRedis, 'redis-server'],
    ['startRedisCluster', startRedisCluster, 'redis-server'],
    ['startPostgres', startPostgres, 'PostgreSQL'],
  ])('%s says what is missing and how to get it', async (_, start, name) => {
    const started = start({ programs: find() })
    await expect(started).rejects.toThrow(new RegExp(`^${name}.* is not installed`))
    await expect(started).rejects.toThrow('apt-get install redis-server postgresql')
    await expect(started).rejects.toMatchObject({ name: 'MissingProgramError' })
  })

  test('a certificate needs openssl', async () => {
    const programs = { ...find(), redisServer: install('mine/redis-server') }
    await expect(startRedis({ tls: true, programs })).rejects.toThrow('openssl is not installed')
  })

  test('a server that ends instead of starting is quoted', async () => {
    const programs = { ...find(), redisServer: install('mine/redis-server', 'no memory today') }
    await expect(startRedis({ programs })).rejects.toThrow(
      /redis-server ended with code 0; its last lines:\nno memory today$/,
    )
  })

  test('a program that cannot be started is named', async () => {
    const programs = { ...find(), redisServer: join(root, 'gone') }
    await expect(startRedis({ programs })).rejects.toThrow(/gone cannot be started: .*ENOENT/)
  })
})
