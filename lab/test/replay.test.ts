import { afterEach, describe, expect, test } from 'vitest'
import { type ReplayOptions, type ReplayResult, replay } from '../replay/replay.ts'
import { report } from '../replay/report.ts'
import { service } from '../replay/service.ts'
import { type Behaviour, type FakeService, fakeService } from './fake-service.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function start(behaviour: Behaviour): Promise<FakeService> {
  const fake = await fakeService(behaviour)
  closers.push(fake.close)
  return fake
}

function run(
  fake: FakeService,
  keys: readonly string[],
  options: Partial<ReplayOptions> & { readonly adminToken?: string } = {},
): Promise<ReplayResult> {
  const { concurrency = 1, isWarm = false, onProgress = () => {}, adminToken } = options
  const client = service(fake.url, concurrency, adminToken)
  closers.unshift(client.close)
  const trace = { keys, distinctKeys: new Set(keys).size }
  return replay(client, trace, { concurrency, isWarm, onProgress })
}

describe('replay', () => {
  test('counts hits, misses and database loads of a cold cache', async () => {
    const fake = await start({ users: 3 })
    await run(fake, ['1', '2'])
    const result = await run(fake, ['1', '2', '1', '1', '3'])
    expect(result).toMatchObject({ requests: 5, hits: 2, misses: 3, databaseLoads: 3 })
    expect(result).toMatchObject({ errors: 0, absent: 0, disagreements: [], service: 'fake' })
    expect(result.p99Ms).toBeGreaterThanOrEqual(result.p50Ms)
    expect(result.p50Ms).toBeGreaterThan(0)
  })

  test('leaves a warm cache as it is', async () => {
    const fake = await start({ users: 3 })
    await run(fake, ['1', '2'])
    const result = await run(fake, ['1', '2', '3'], { isWarm: true })
    expect(result).toMatchObject({ hits: 2, misses: 1, databaseLoads: 1 })
  })

  test('counts keys that the service does not have, beside how they were answered', async () => {
    const fake = await start({ users: 1 })
    const result = await run(fake, ['1', '7', '7'])
    expect(result).toMatchObject({ misses: 2, negative: 1, hits: 0, absent: 2, errors: 0 })
    expect(report([result])).toContain('2 requests were for users that it does not have (404)')
  })

  test('reports figures of /stats that differ from the headers', async () => {
    const fake = await start({ users: 3, miscountedKey: '2' })
    const result = await run(fake, ['1', '2', '1', '2'])
    expect(result.disagreements).toEqual(['hits: 2 by Cache-Status, 3 by /stats'])
    expect(report([result])).toContain('fake: DISAGREEMENT, hits: 2 by Cache-Status, 3 by /stats')
  })

  test('counts failed requests by kind, and goes on', async () => {
    const fake = await start({ users: 3, brokenKey: '2' })
    const result = await run(fake, ['1', '2', '2', '3'])
    expect(result).toMatchObject({ requests: 4, misses: 2, errors: 2 })
    expect(result.errorKinds).toEqual({ 'status 500': 2 })
    expect(report([result])).toContain('errors: status 500: 2')
  })

  test('keeps as many requests under way as it was told, over as many connections', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `${index % 50}`)
    const alone = await start({ users: 50 })
    await run(alone, keys)
    expect([alone.peak(), alone.connections()]).toEqual([1, 1])
    const many = await start({ users: 50, meeting: 8 })
    await run(many, keys, { concurrency: 8 })
    expect([many.peak(), many.connections()]).toEqual([8, 8])
  })

  test('says how far it is after every answer', async () => {
    const fake = await start({ users: 3 })
    const seen: number[] = []
    await run(fake, ['1', '2', '3'], { onProgress: (done) => seen.push(done) })
    expect(seen).toEqual([1, 2, 3])
  })

  test('gives up in one line when the service goes away', async () => {
    const fake = await start({ users: 3, diesAt: 10 })
    const keys = Array.from({ length: 1_000 }, () => '1')
    await expect(run(fake, keys)).rejects.toThrow(/^http:\S+ stopped answering after 6 requests/)
  })

  test('clears the cache of a service that asks for a token', async () => {
    const fake = await start({ users: 3, adminToken: 's3cret' })
    await expect(run(fake, ['1'])).rejects.toThrow(/set ADMIN_TOKEN .* or use --warm$/)
    const result = await run(fake, ['1'], { adminToken: 's3cret' })
    expect(result.misses).toBe(1)
  })
})
