import {
  type LocalPostgres,
  type LocalRedis,
  startPostgres,
  startRedis,
} from '@caching-patterns/local-servers'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readEnvironment } from '../environment.ts'
import { type PatternName, patternNames } from '../http/port.ts'
import { type Running, serve } from '../serve.ts'
import { send } from './http/client.ts'

// The servers are real, and so is the time that they are given.
vi.setConfig({ testTimeout: 30_000 })

describeWith(['redis', 'postgres'], 'services whose servers go away', () => {
  let redis: LocalRedis
  let postgres: LocalPostgres
  let running: Running
  let urls: ReadonlyMap<string, string>
  let cold = 50

  // One life, in order.
  beforeAll(async () => {
    ;[redis, postgres] = await Promise.all([startRedis({ durable: true }), startPostgres()])
    running = serve(
      patternNames,
      readEnvironment({
        REDIS_URL: redis.url,
        DATABASE_URL: postgres.url,
        PORT: '0',
        SEED_USERS: '50',
        LOG_LEVEL: 'silent',
      }),
    )
    urls = new Map((await running.ready).map(({ name, url }) => [name, url]))
  })
  afterAll(async () => {
    await running?.close()
    await Promise.all([redis?.stop(), postgres?.stop()])
  })

  const ask = (pattern: PatternName, path: string) => send(urls.get(pattern) ?? '', 'GET', path)
  const ready = async (pattern: PatternName) => {
    const { status, text } = await ask(pattern, '/readyz')
    return { status, ...(JSON.parse(text) as { reasons: string[] }) }
  }
  const put = async (pattern: PatternName, id: number) => {
    const body = { name: pattern, email: `${pattern}.${id}@example.com` }
    const { status, headers, text } = await send(urls.get(pattern) ?? '', 'PUT', `/users/${id}`, {
      body,
    })
    return status === 200 ? headers.get('write-status') : JSON.parse(text).code
  }
  /** Not at once on a busy machine: a store that is late for its deadline is passed by. */
  const untilHit = async (pattern: PatternName) => {
    const status = async () => `${(await ask(pattern, '/users/4')).headers.get('cache-status')}`
    await expect.poll(status, { timeout: 10_000 }).toContain('; hit')
  }
  const allWell = { status: 'ok', reasons: [] }
  const untilWell = async () => {
    for (const pattern of patternNames) {
      await expect.poll(() => ready(pattern), { timeout: 10_000 }).toMatchObject(allWell)
    }
  }

  test('are well while both are there, with nothing to warn of', async () => {
    for (const pattern of patternNames) {
      expect(await ready(pattern)).toEqual({ ...allWell, status: 'ok' })
      await ask(pattern, '/users/1')
    }
  })

  const withoutRedis: Readonly<Record<PatternName, readonly [words: string, write: string]>> = {
    'cache-aside': ['reads load from the database, writes are unconfirmed', 'unconfirmed'],
    'read-through': ['reads load from the database, writes are unconfirmed', 'unconfirmed'],
    'write-through': ['reads load from the database, writes are refused', 'STORE_'],
    'write-behind': [
      'reads load from the database and may be stale, writes are refused',
      'STORE_|WRITE_OUTCOME_UNKNOWN',
    ],
    'refresh-ahead': ['reads load from the database, writes are unconfirmed', 'unconfirmed'],
  }

  test.each(patternNames)(
    '%s: are degraded without Redis, in the way they say',
    async (pattern) => {
      redis.pause()
      try {
        const [words, write] = withoutRedis[pattern]
        const { status, reasons } = await ready(pattern)
        expect(status).toBe('degraded')
        expect(reasons).toEqual([
          expect.stringMatching(
            /^Redis (did not answer within 500 ms|cannot be reached, or refuses its work): /,
          ),
        ])
        expect(reasons[0]).toContain(words)
        expect((await ask(pattern, '/users/2')).status).toBe(200)
        expect(await put(pattern, 3)).toMatch(new RegExp(`^${write}`))
      } finally {
        redis.resume()
      }
      await untilWell()
    },
  )

  test('are degraded by a Redis that has become a replica', async () => {
    await command('REPLICAOF', '127.0.0.1', '1')
    expect((await ready('read-through')).reasons).toEqual([
      'Redis cannot be reached, or refuses its work: reads load from the database, writes are unconfirmed',
    ])
    await command('REPLICAOF', 'NO', 'ONE')
    await untilWell()
  })

  test.each(patternNames)('%s: serve hits without PostgreSQL', async (pattern) => {
    await untilHit(pattern)
    postgres.pause()
    try {
      const { status, reasons } = await ready(pattern)
      expect(status).toBe('degraded')
      expect(reasons).toEqual([
        `PostgreSQL did not answer within 500 ms: ${
          pattern === 'write-behind'
            ? 'hits are served and writes accepted as long as the journal has room, misses are refused'
            : 'hits are served, misses and writes are refused'
        }`,
      ])
      await untilHit(pattern)
      const miss = await ask(pattern, `/users/${cold--}`)
      expect({ status: miss.status, code: JSON.parse(miss.text).code }).toEqual({
        status: 503,
        code: expect.stringMatching(/^(LOAD_TIMEOUT|SOURCE_UNAVAILABLE)$/),
      })
      expect(await put(pattern, 4)).toMatch(
        pattern === 'write-behind' ? /^accepted$/ : /^(WRITE_|SOURCE_UNAVAILABLE)/,
      )
    } finally {
      postgres.resume()
    }
    await untilWell()
  })

  test('answer many probes at once with one question to each server', async () => {
    redis.pause()
    postgres.pause()
    try {
      const startedAt = performance.now()
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => ask('cache-aside', '/readyz')),
      )
      const ms = performance.now() - startedAt
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
      expect(JSON.parse(answers[0]?.text ?? '').reasons).toEqual([
        'Redis did not answer within 500 ms',
        'PostgreSQL did not answer within 500 ms',
      ])
      expect((await ask('cache-aside', '/healthz')).status).toBe(200)
      expect(ms).toBeLessThan(5_000)
    } finally {
      redis.resume()
      postgres.resume()
    }
    await untilWell()
  })

  test('are back after both were killed and started again', async () => {
    await Promise.all([redis.kill(), postgres.kill()])
    expect((await ready('write-through')).reasons).toEqual([
      'Redis cannot be reached, or refuses its work',
      'PostgreSQL cannot be reached, or refuses its work',
    ])
    await Promise.all([redis.restart(), postgres.restart()])
    await untilWell()
    for (const pattern of patternNames) {
      await expect.poll(async () => (await ask(pattern, '/users/1')).status).toBe(200)
      await expect.poll(() => put(pattern, 5)).toMatch(/^(confirmed|accepted)$/)
    }
  })

  test('close although both are frozen, before a supervisor would kill', async () => {
    await put('write-behind', 6)
    redis.pause()
    postgres.pause()
    const startedAt = performance.now()
    await running.close()
    expect(performance.now() - startedAt).toBeLessThan(9_000)
    redis.resume()
    postgres.resume()
  })

  async function command(...words: readonly string[]): Promise<void> {
    const { createClient } = await import('redis')
    const client = await createClient({ url: redis.url }).connect()
    await client.sendCommand(words)
    await client.close()
  }
})
