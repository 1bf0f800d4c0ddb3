import { setTimeout as wait } from 'node:timers/promises'
import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import { describe, expect, test } from 'vitest'
import { oldestOf, pageOf } from '../../src/stores/redis/journal/index-pages.ts'
import { Partitions } from '../../src/stores/redis/journal/partitions.ts'
import { randomOf } from '../patterns/seeded-random.ts'
import {
  clean,
  connected,
  farAway,
  journalOn,
  keysWith,
  names,
  placeOf,
  prefix,
  restsOf,
  runnerOn,
  writeOf,
} from './redis-journal-rig.ts'

async function journal(options: Parameters<typeof journalOn>[1] = {}) {
  const client = await connected(await freshRedis())
  return { client, journal: journalOn(runnerOn(client), options) }
}

/** Keys by their partition, the fullest first. */
function crowds(count: number): string[][] {
  const groups = new Map<string, string[]>()
  for (const name of names(count * 20)) {
    const { dirty } = placeOf(name, count).partition
    groups.set(dirty, [...(groups.get(dirty) ?? []), name])
  }
  return [...groups.values()].sort((a, b) => b.length - a.length)
}

describeWith(['redis'], 'the partitions of a journal on Redis', () => {
  test('all keys of a partition share a hash tag, and say what they are', async () => {
    const { client, journal: j } = await journal({ count: 1 })
    const version = await j.accepted('k')
    const letter = { version, json: '1', sqlstate: '23514', reason: 'no', attempts: 1, at: 5 }
    await j.accepted('refused')
    const [, refused] = await j.claimed(2, farAway)
    await j.quarantine({ key: `${prefix}refused`, ...letter, version: refused?.version ?? 0 })
    await j.accepted('another', { delayMs: 1 })
    const kinds = ['alive', 'bytes', 'dirty', 'dlq', 'owner', 'since', 'usual', 'v:another', 'v:k']
    const ofPartition = kinds.map((kind) => `{${prefix}wb0}${kind}`)
    expect(await keysWith(client, '')).toEqual([...ofPartition, `{${prefix}wb}members`])
  })

  test('nothing of an empty partition is left but its sentinel', async () => {
    const { client, journal: j } = await journal({ count: 1 })
    await j.accepted('k')
    await j.accepted('another', { delayMs: 1 })
    await j.acked(await j.claimed(2, farAway), { ...clean, ttlMs: 0, softTtlMs: 0 })
    await j.release()
    expect(await keysWith(client, 'wb0')).toEqual([`{${prefix}wb0}alive`])
  })

  test('the oldest is found behind hundreds that were put before it', async () => {
    const { journal: j } = await journal({ count: 1 })
    await j.accepted('old', { delayMs: 60_000 })
    await wait(100)
    for (const name of names(250)) await j.accepted(name, { delayMs: 60_000, isUrgent: true })
    expect((await j.figures()).oldestMs).toBeGreaterThanOrEqual(99)
  })

  test('a limit of keys is that of each partition: its share, rounded up', async () => {
    const { journal: j } = await journal({ count: 8, limits: { maxKeys: 9, maxBytes: 1e9 } })
    const [crowd = [], others = []] = crowds(8)
    const [first = '', second = '', third = ''] = crowd
    await j.accepted(first)
    await j.accepted(second)
    const full = { outcome: 'full', limit: 'keys' }
    expect(await j.enqueue(prefix + third, writeOf('1'))).toEqual(full)
    await j.accepted(first)
    await j.accepted(others[0] ?? '')
    const [, claimed] = await j.claimed(9, farAway)
    await j.acked([claimed ?? { key: '', version: 0 }], clean)
    expect((await j.figures()).dirty).toBe(2)
  })

  test('a limit of bytes is that of each partition', async () => {
    const { journal: j } = await journal({ count: 8, limits: { maxKeys: 1e6, maxBytes: 80_000 } })
    const [crowd = [], others = []] = crowds(8)
    const large = writeOf(JSON.stringify('x'.repeat(6_000)))
    expect((await j.enqueue(prefix + crowd[0], large)).outcome).toBe('accepted')
    const full = { outcome: 'full', limit: 'bytes' }
    expect(await j.enqueue(prefix + crowd[1], large)).toEqual(full)
    expect((await j.enqueue(prefix + others[0], large)).outcome).toBe('accepted')
    expect((await j.enqueue(prefix + crowd[0], large)).outcome).toBe('accepted')
  })

  test('the oldest come first, though one partition holds nearly all of them', async () => {
    const { journal: j } = await journal({ count: 8 })
    const [crowd = [], ...others] = crowds(8)
    const inOrder = [...crowd.slice(0, 15), ...others.flat().slice(0, 20), ...crowd.slice(15)]
    for (const [i, name] of inOrder.entries()) await j.accepted(name, { delayMs: i * 1_000 })
    const claimed: string[] = []
    for (let rounds = 0; claimed.length < inOrder.length; rounds++) {
      const batch = await j.claimed(10, farAway)
      expect(batch).not.toHaveLength(0)
      expect(rounds).toBeLessThan(inOrder.length)
      claimed.push(...restsOf(batch))
      await j.acked(batch, clean)
    }
    expect(claimed).toEqual(inOrder)
  })

  test('a claim of everything gives everything', async () => {
    const { journal: j } = await journal({ count: 8 })
    for (const name of names(300)) await j.accepted(name)
    const all = await j.claimed(Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY)
    expect(restsOf(all).sort()).toEqual(names(300))
  })

  test('a prefix beyond ASCII is as good as another', async () => {
    const beyond = 'app:größe€:1:'
    const { client, journal: j } = await journal({ partitions: new Partitions(beyond, 8) })
    const key = `${beyond}k`
    await j.enqueue(key, writeOf('1'))
    await j.enqueue(`${beyond}gone`, writeOf('1'))
    await client.del(new Partitions(beyond, 8).place(`${beyond}gone`).entry)
    const [entry, ...others] = await j.claimed(9, farAway)
    expect([entry?.key, others]).toEqual([key, []])
    expect(await j.acked([entry ?? { key, version: 0 }], clean)).toBe(1)
    const figures = { dirty: 0, bytes: 0, oldestMs: 0, deadLetters: 0, lost: 1 }
    expect(await j.figures()).toEqual(figures)
  })

  test('a key of another prefix is refused', async () => {
    const { client, journal: j } = await journal()
    await expect(j.enqueue('app:users:2:k', writeOf('1'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect(await client.dbSize()).toBe(0)
  })
})

describe('the oldest of several pages', () => {
  const pages = (texts: Record<string, readonly number[]>) =>
    Object.entries(texts).map(([name, dueAts]) =>
      pageOf(
        name,
        dueAts.flatMap((dueAt) => [`${name}${dueAt}`, String(dueAt)]),
      ),
    )
  const rests = (
    texts: Record<string, readonly number[]>,
    count: number,
    limit: number,
    isOther?: (rest: string) => boolean,
  ) => oldestOf(pages(texts), { count, limit, isOther }).map((page) => page.rests.join(' '))

  test('are those of each that are due first', () => {
    expect(rests({ a: [1, 4], b: [2, 3] }, 3, 9)).toEqual(['a1 a4', 'b2 b3'])
    expect(rests({ a: [1, 4], b: [2, 3] }, 3, 2)).toEqual(['a1', 'b2'])
    expect(rests({ a: [1, 4], b: [2, 3] }, 3, 3)).toEqual(['a1', 'b2 b3'])
    expect(rests({}, 3, 9)).toEqual([])
  })

  test('end with the last one of a full page: it may go on', () => {
    expect(rests({ a: [1, 4], b: [2, 3, 9] }, 2, 9)).toEqual(['a1 a4', 'b2 b3'])
    expect(rests({ a: [1, 2], b: [3] }, 2, 9)).toEqual(['a1 a2', ''])
    expect(rests({ a: [5, 6], b: [1, 8] }, 2, 9)).toEqual(['a5 a6', 'b1'])
  })

  test('are as many as wanted, though more are due at the same instant', () => {
    expect(rests({ a: [1, 4], b: [4, 4], c: [4] }, 3, 3)).toEqual(['a1 a4', 'b4', ''])
  })

  test('leave out what is under way, and count others in its place', () => {
    const isOther = (rest: string) => rest !== 'a1' && rest !== 'b2'
    expect(rests({ a: [1, 4], b: [2, 3] }, 3, 1, isOther)).toEqual(['', 'b3'])
  })

  test('are as many as there may be, none of those left out earlier: of hundreds, drawn at random', () => {
    const random = randomOf(7)
    for (let round = 0; round < 300; round += 1) {
      const count = 1 + Math.floor(random() * 20)
      const limit = 1 + Math.floor(random() * 60)
      const span = 1 + Math.floor(random() * 40)
      const drawn = Array.from({ length: 1 + Math.floor(random() * 6) }, () =>
        Array.from({ length: Math.floor(random() * 30) }, () => Math.floor(random() * span))
          .sort((a, b) => a - b)
          .slice(0, count),
      )
      const all = pages(Object.fromEntries(drawn.entries()))
      const given = oldestOf(all, { count, limit, isOther: undefined })
      for (const [i, { dueAts }] of given.entries()) {
        expect(dueAts).toEqual(drawn[i]?.slice(0, dueAts.length))
      }
      const horizon = Math.min(
        ...drawn.filter((page) => page.length === count).map((p) => p.at(-1) as number),
      )
      const within = drawn
        .flat()
        .filter((dueAt) => dueAt <= horizon)
        .sort((a, b) => a - b)
      const sorted = given.flatMap(({ dueAts }) => dueAts).sort((a, b) => a - b)
      expect(sorted).toEqual(within.slice(0, limit))
    }
  })
})
