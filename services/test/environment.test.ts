import { describe, expect, test } from 'vitest'
import { readEnvironment } from '../environment.ts'

describe('readEnvironment', () => {
  test('is complete when no variable is set', () => {
    expect(readEnvironment({})).toEqual({
      databaseUrl: undefined,
      redisUrls: undefined,
      dataDir: '.data',
      host: '127.0.0.1',
      port: undefined,
      cacheTtlMs: 300_000,
      writeDelayMs: 1_000,
      journalFsync: 'everysec',
      seedUsers: 1_000,
      sampleStaleness: 0.01,
      outbox: false,
      adminToken: undefined,
      rateLimit: undefined,
      logLevel: 'info',
    })
  })

  test('takes every variable', () => {
    const variables = {
      DATABASE_URL: 'postgres://app:hunter2@db/users',
      REDIS_URL: 'redis://:hunter2@cache:6380/3',
      DATA_DIR: '/var/lib/users',
      HOST: '::',
      PORT: '9000',
      CACHE_TTL: '1.5s',
      WRITE_DELAY: '0ms',
      JOURNAL_FSYNC: 'always',
      SEED_USERS: '0',
      SAMPLE_STALENESS: '0.25',
      OUTBOX: 'on',
      ADMIN_TOKEN: 'sesame',
      RATE_LIMIT: '60',
      LOG_LEVEL: 'silent',
    }
    expect(readEnvironment(variables)).toEqual({
      databaseUrl: 'postgres://app:hunter2@db/users',
      redisUrls: ['redis://:hunter2@cache:6380/3'],
      dataDir: '/var/lib/users',
      host: '::',
      port: 9000,
      cacheTtlMs: 1_500,
      writeDelayMs: 0,
      journalFsync: 'always',
      seedUsers: 0,
      sampleStaleness: 0.25,
      outbox: true,
      adminToken: 'sesame',
      rateLimit: 60,
      logLevel: 'silent',
    })
  })

  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['365d', 31_536_000_000],
  ])('reads CACHE_TTL=%s as %i ms', (text, ms) => {
    expect(readEnvironment({ CACHE_TTL: text }).cacheTtlMs).toBe(ms)
  })

  test.each([
    ['DATA_DIR', ['', ' ']],
    ['HOST', ['', 'a b', 'http://localhost', '-x', 'a..']],
    ['PORT', ['', 'http', '-1', '65536', '8e3', '0x50', '08000', ' 80', '1.5', 'NaN', 'Infinity']],
    ['CACHE_TTL', ['', '0ms', '5', '5 m', '5min', '-5m', 'm', '366d', '1e3s', '999999999999999d']],
    ['WRITE_DELAY', ['', '1', '61m', 'soon']],
    ['JOURNAL_FSYNC', ['', 'Always', 'never', '1s']],
    ['SEED_USERS', ['', '-1', 'many', '1000001', '1_000', '9007199254740993']],
    ['SAMPLE_STALENESS', ['', '1.1', '-0.1', '5%', '.5', '1e-2', 'off']],
    ['OUTBOX', ['', 'ON', 'true', '1']],
    ['ADMIN_TOKEN', ['', 'two words', 'sésame', 'x'.repeat(513)]],
    ['RATE_LIMIT', ['', '0', 'off', '1.5']],
    ['LOG_LEVEL', ['', 'INFO', 'verbose']],
  ])('refuses a bad %s in one line that says what was expected and what came', (name, values) => {
    for (const value of values) {
      const message = failure({ [name]: value })
      const came = name === 'ADMIN_TOKEN' ? `${value.length} characters` : JSON.stringify(value)
      expect(message).toMatch(new RegExp(`^${name}: expected [^\\n]+, received [^\\n]+$`))
      expect(message).toContain(`received ${name === 'ADMIN_TOKEN' ? 'a value of ' : ''}${came}`)
    }
  })

  test.each([
    ['DATABASE_URL and REDIS_URL', {}],
    ['REDIS_URL', { DATABASE_URL: 'postgres://db/users' }],
    ['DATABASE_URL', { REDIS_URL: 'redis://cache' }],
  ])('refuses an outbox without %s', (missing, variables) => {
    const reason = 'it is for processes that share a database and a store'
    expect(failure({ OUTBOX: 'on', ...variables })).toBe(
      `OUTBOX: expected off without ${missing}, received "on": ${reason}`,
    )
    expect(readEnvironment({ OUTBOX: 'off', ...variables }).outbox).toBe(false)
  })

  test('names a URL that cannot be parsed once, outbox or not', () => {
    const urls = { DATABASE_URL: 'mysql://db/users', REDIS_URL: 'redis://cache' }
    expect(failure({ OUTBOX: 'on', ...urls }).split('\n')).toHaveLength(1)
  })

  test.each([
    'postgres://localhost/users',
    'postgresql://app@db.example:6432/users?sslmode=disable',
    'postgres://app:p%40ss%2Fw@[::1]:5432/users?sslmode=verify-full&sslrootcert=/etc/ca.pem',
    'postgres:///users?host=/var/run/postgresql',
    'postgres://db/users?sslmode=require&uselibpqcompat=true',
    'postgres://db/users?sslmode=no-verify',
  ])('takes DATABASE_URL=%s as it is', (url) => {
    expect(readEnvironment({ DATABASE_URL: url }).databaseUrl).toBe(url)
  })

  test.each(['require', 'verify-ca'])(
    'reads sslmode=%s as the client does: verify-full',
    (mode) => {
      const url = `postgres://app:p%40ss@db/users?sslmode=${mode}&connect_timeout=3`
      expect(readEnvironment({ DATABASE_URL: url }).databaseUrl).toBe(
        'postgres://app:p%40ss@db/users?sslmode=verify-full&connect_timeout=3',
      )
    },
  )

  test.each([
    ['redis://localhost', 1],
    ['rediss://app:p%40ss@cache.example:6380/15', 1],
    ['redis://[::1]/', 1],
    ['redis://a:7000,redis://b:7000, redis://c:7000/0', 3],
    ['rediss://:x@a,rediss://:x@b', 2],
  ])('reads REDIS_URL=%s as %i', (text, count) => {
    expect(readEnvironment({ REDIS_URL: text }).redisUrls).toHaveLength(count)
  })

  test.each([
    ['DATABASE_URL', 'mysql://app:hunter2@db:3306/users', '"mysql://db:3306/users"'],
    ['DATABASE_URL', 'postgres://app:hunter2@db/users?sslmode=prefer', '"postgres://db/users"'],
    ['DATABASE_URL', 'postgres://app:hunter2@db/users?sslmode=allow', '"postgres://db/users"'],
    ['REDIS_URL', 'http://app:hunter2@cache:6379/x', '"http://cache:6379/x"'],
    ['REDIS_URL', 'redis://:hunter2@cache/one', '"redis://cache/one"'],
    ['REDIS_URL', 'redis://:hunter2@cache/-1', '"redis://cache/-1"'],
    ['REDIS_URL', 'redis://:hunter2@a,redis://:hunter2@b/1', '"redis://a,redis://b/1"'],
    ['REDIS_URL', 'redis://:hunter2@a,rediss://:hunter2@b', '"redis://a,rediss://b"'],
    ['REDIS_URL', 'redis://:hunter2@cache?db=1', '"redis://cache"'],
  ])('refuses %s=%s, and shows it without the password', (name, text, shown) => {
    const message = failure({ [name]: text })
    expect(message).toMatch(new RegExp(`^${name}: expected [^\\n]+, received [^\\n]+$`))
    expect(message.endsWith(`, received ${shown}`), message).toBe(true)
    expect(message).not.toContain('hunter2')
  })

  test.each([
    ['DATABASE_URL', ['', 'db', 'postgres:hunter2@db', 'postgres://a:1/hunter2@db/users']],
    ['DATABASE_URL', ['postgres://a:b/c/hunter2@db/users', 'postgres://a:1#hunter2@db/users']],
    ['DATABASE_URL', ['postgres://a:1?hunter2@db/users', 'postgres://a:hunter2@d b/users']],
    ['REDIS_URL', ['', ',', ' ', 'cache:hunter2', 'redis://', 'redis://a:1/hunter2@cache']],
    ['REDIS_URL', ['redis://a,', 'redis://:hun,ter2@cache', 'redis://:hunter2@ca\nche']],
  ])('refuses a %s that is none without a word of it: %j', (name, values) => {
    for (const value of values) {
      const message = failure({ [name]: value })
      expect(message, value).not.toMatch(/hunter2|ter2/)
      expect(message.split('\n'), value).toHaveLength(1)
      expect(message).toMatch(/received a value of \d+ characters \(not shown\)$|"[^@]*"$/)
    }
  })

  test('names every bad value, not only the first', () => {
    const lines = failure({ PORT: 'x', SEED_USERS: 'y', LOG_LEVEL: 'z', HOST: 'ok' }).split('\n')
    expect(lines.map((line) => line.split(':')[0])).toEqual(['PORT', 'SEED_USERS', 'LOG_LEVEL'])
  })

  test('keeps a long or many-lined value to one short line', () => {
    const message = failure({ LOG_LEVEL: `a\nb${'c'.repeat(500)}` })
    expect(message).not.toContain('\n')
    expect(message.length).toBeLessThan(200)
  })
})

function failure(variables: Readonly<Record<string, string>>): string {
  try {
    readEnvironment(variables)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error(`accepted ${JSON.stringify(variables)}`)
}
