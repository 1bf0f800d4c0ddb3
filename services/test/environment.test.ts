import { describe, expect, test } from 'vitest'
import { readEnvironment } from '../environment.ts'

describe('readEnvironment', () => {
  test('is complete when no variable is set', () => {
    expect(readEnvironment({})).toEqual({
      dataDir: '.data',
      host: '127.0.0.1',
      port: undefined,
      cacheTtlMs: 300_000,
      writeDelayMs: 1_000,
      seedUsers: 1_000,
      adminToken: undefined,
      rateLimit: undefined,
      logLevel: 'info',
    })
  })

  test('takes every variable', () => {
    const variables = {
      DATA_DIR: '/var/lib/users',
      HOST: '::',
      PORT: '9000',
      CACHE_TTL: '1.5s',
      WRITE_DELAY: '0ms',
      SEED_USERS: '0',
      ADMIN_TOKEN: 'sesame',
      RATE_LIMIT: '60',
      LOG_LEVEL: 'silent',
    }
    expect(readEnvironment(variables)).toEqual({
      dataDir: '/var/lib/users',
      host: '::',
      port: 9000,
      cacheTtlMs: 1_500,
      writeDelayMs: 0,
      seedUsers: 0,
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
    ['SEED_USERS', ['', '-1', 'many', '1000001', '1_000', '9007199254740993']],
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

  test('refuses real servers in one line each that shows no password', () => {
    const message = failure({
      DATABASE_URL: 'postgres://user:hunter2@db/users',
      REDIS_URL: 'redis://:hunter2@cache',
    })
    expect(message.split('\n')).toEqual([
      expect.stringMatching(/^DATABASE_URL: expected it to be unset .*not support real servers/),
      expect.stringMatching(/^REDIS_URL: expected it to be unset .*not support real servers/),
    ])
    expect(message).not.toContain('hunter2')
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
