import {
  describeWith,
  freshDatabase,
  freshPrefix,
  freshRedis,
} from '@caching-patterns/local-servers/vitest'
import { describe, expect, test } from 'vitest'
import { postgresQuery } from '../src/postgres-query.ts'
import { redisCommand } from '../src/redis-command.ts'

describeWith(['redis'], 'freshRedis', () => {
  test('gives each caller an empty database of the one Redis', async () => {
    const [one, other] = [await freshRedis(), await freshRedis()]
    await redisCommand(one, 'SET', 'key', 'value')
    expect(await redisCommand(one, 'DBSIZE')).toBe(1)
    expect(await redisCommand(other, 'DBSIZE')).toBe(0)
  })
})

describeWith(['postgres'], 'freshDatabase', ({ postgres }) => {
  test('gives each caller an empty database of the one PostgreSQL', async () => {
    const [one, other] = [await freshDatabase(), await freshDatabase()]
    expect(one).not.toBe(other)
    const name = new URL(one).pathname.slice(1)
    const query = (sql: string) => postgresQuery(Number(new URL(postgres.url).port), sql)
    await expect(query(`create database ${name}`)).rejects.toThrow('already exists')
  })
})

describe('freshPrefix', () => {
  test('is never the same', () => {
    expect(freshPrefix()).not.toBe(freshPrefix())
  })
})
