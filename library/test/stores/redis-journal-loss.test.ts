import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import { expect, test } from 'vitest'
import {
  clean,
  connected,
  farAway,
  impatient,
  journalOn,
  names,
  placeOf,
  prefix,
  runnerOn,
} from './redis-journal-rig.ts'

/** Two processes, and a client that wipes what they have. */
async function setup() {
  const url = await freshRedis()
  const client = await connected(url)
  const a = journalOn(runnerOn(await connected(url), impatient()))
  const b = journalOn(runnerOn(await connected(url), impatient()))
  return { client, a, b }
}

const losses = async (journal: ReturnType<typeof journalOn>) => (await journal.own(farAway)).lost

describeWith(['redis'], 'a Redis that is wiped', () => {
  test('has lost what was dirty: its owner finds that, and tells it once', async () => {
    const { client, a, b } = await setup()
    for (const name of names(20)) await a.accepted(name)
    expect(await losses(a)).toBeUndefined()
    await client.flushDb()
    expect(await losses(a)).toBe(20)
    expect(await losses(a)).toBeUndefined()
    expect(await losses(b)).toBeUndefined()
    expect(await a.figures()).toMatchObject({ dirty: 0, lost: 20 })
    expect((await b.figures()).lost).toBe(20)
  })

  test('is found out although the same partition is written again before the look', async () => {
    const { client, a, b } = await setup()
    for (const name of names(20)) await a.accepted(name)
    await a.own(farAway)
    await client.flushDb()
    for (const name of names(20, 'new')) await b.accepted(name)
    expect(await losses(b)).toBeUndefined()
    expect(await losses(a)).toBe(20)
    expect(await a.figures()).toMatchObject({ dirty: 20, lost: 20 })
    expect(await losses(a)).toBeUndefined()
  })

  test('has lost nothing of an empty journal', async () => {
    const { client, a } = await setup()
    for (const name of names(20)) await a.accepted(name)
    await a.acked(await a.claimed(), clean)
    await client.flushDb()
    expect(await losses(a)).toBeUndefined()
    expect(await a.figures()).not.toHaveProperty('lost')
  })

  test('has not lost what was flushed or parked since the last look', async () => {
    const { client, a } = await setup()
    for (const name of names(20)) await a.accepted(name)
    const [refused = { key: '', version: 0 }, ...others] = await a.claimed()
    await a.acked(others.slice(0, 12), clean)
    const letter = { ...refused, json: '1', sqlstate: '23514', reason: 'no', attempts: 1, at: 5 }
    await a.quarantine(letter)
    await client.flushDb()
    expect(await losses(a)).toBe(7)
  })

  test('is not found out twice for what was evicted before', async () => {
    const { client, a } = await setup()
    for (const name of names(10)) await a.accepted(name)
    await a.own(farAway)
    await client.del(placeOf('003').entry)
    expect(await a.claimed()).toHaveLength(9)
    await client.flushDb()
    expect(await losses(a)).toBe(1 + 9)
    expect(await losses(a)).toBeUndefined()
  })

  test('keeps apart the lives of a partition that was empty in between', async () => {
    const { a, b } = await setup()
    for (let round = 0; round < 3; round += 1) {
      const version = await b.accepted('k')
      expect(await losses(a)).toBeUndefined()
      await b.acked([{ key: `${prefix}k`, version }], clean)
    }
    await a.accepted('k')
    expect(await losses(a)).toBeUndefined()
  })
})
