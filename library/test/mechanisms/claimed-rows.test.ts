import { settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import type { DirtyEntry, DirtyKey } from '../../src/contract/journal.ts'
import { ClaimedRows, type PageStart } from '../../src/mechanisms/claimed-rows.ts'
import { unhandled } from './unhandled.ts'

/** Dirty keys of two partitions, due as told; pages hold so many. */
function journalOf(dueAts: readonly number[], pageKeys: number) {
  const all: DirtyKey[] = dueAts.map((dueAt, i) => ({ key: `k${i}`, partition: i % 2, dueAt }))
  const seen = { starts: [] as (PageStart | undefined)[], reads: [] as string[][] }
  const failing = { claim: false, read: false, isClean: (_key: string) => false }
  const rows = new ClaimedRows({
    async claim(start) {
      seen.starts.push(start)
      if (failing.claim) throw new Error('no claim')
      const behind = all.filter(
        ({ key, dueAt }) => !(start && (dueAt < start.dueFrom || start.except.has(key))),
      )
      return { keys: behind.slice(0, pageKeys), isFull: behind.length >= pageKeys }
    },
    async read(keys) {
      seen.reads.push(keys.map(({ key }) => key))
      if (failing.read) throw new Error('no read')
      return keys.filter(({ key }) => !failing.isClean(key)).map(entryOf)
    },
  })
  return { rows, seen, failing }
}

const entryOf = (key: DirtyKey): DirtyEntry => ({ ...key, version: 1, json: '1', enqueuedAt: 0 })
const keysOf = (rows: readonly DirtyKey[]) => rows.map(({ key }) => key).join()

async function allOf(rows: ClaimedRows, count: number): Promise<string[]> {
  const batches: string[] = []
  for (;;) {
    const batch = await rows.take(count)
    if (batch.length === 0) return batches
    batches.push(keysOf(batch))
  }
}

describe('the rows of a pass', () => {
  test('come in batches of few partitions, the older page first', async () => {
    const { rows } = journalOf([1, 2, 3, 4, 5, 6], 4)
    expect(await allOf(rows, 2)).toEqual(['k0,k2', 'k1,k3', 'k4,k5'])
  })

  test.each([
    ['due at many instants', Array.from({ length: 40 }, (_, i) => i)],
    ['due at one instant', new Array<number>(40).fill(7)],
    ['due at few instants', Array.from({ length: 40 }, (_, i) => Math.floor(i / 13))],
  ])('%s come once each, however many pages they fill', async (_, dueAts) => {
    const { rows, seen } = journalOf(dueAts, 4)
    const keys = (await allOf(rows, 3)).join().split(',')
    expect(keys).toHaveLength(40)
    expect(new Set(keys).size).toBe(40)
    expect(seen.starts.length).toBeGreaterThan(9)
    expect(rows.areOnePage).toBe(false)
  })

  test('are one page where it is not full', async () => {
    const { rows, seen } = journalOf([1, 2, 3], 4)
    expect(await allOf(rows, 2)).toHaveLength(2)
    expect(rows.areOnePage).toBe(true)
    expect(seen.starts).toEqual([undefined])
  })

  test('are read shortly before they are taken; the next page is claimed when half of one is read', async () => {
    const { rows, seen } = journalOf(
      Array.from({ length: 40 }, (_, i) => i),
      16,
    )
    await rows.take(2)
    await settle()
    expect(seen.reads).toHaveLength(3)
    expect(seen.starts).toHaveLength(1)
    await rows.take(2)
    await settle()
    expect(seen.reads).toHaveLength(4)
    expect(seen.starts.map((start) => start?.dueFrom)).toEqual([undefined, 15])
  })

  test('that are clean by now are left out, also where a batch has no others', async () => {
    const { rows, failing } = journalOf([1, 2, 3, 4, 5, 6], 6)
    failing.isClean = (key) => key !== 'k5'
    expect(await allOf(rows, 1)).toEqual(['k5'])
  })

  test('that cannot be claimed or read fail whoever takes them, and nobody else', async () => {
    const lost = unhandled()
    const unread = journalOf([1, 2, 3, 4, 5, 6], 2)
    unread.failing.read = true
    await expect(unread.rows.take(1)).rejects.toThrow('no read')
    const unclaimed = journalOf([1, 2, 3, 4, 5, 6], 2)
    expect(keysOf(await unclaimed.rows.take(1))).toBe('k0')
    unclaimed.failing.claim = true
    await expect(allOf(unclaimed.rows, 1)).rejects.toThrow('no claim')
    // long enough for Node to find a rejection that nobody handles
    for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(lost).toEqual([])
  })

  test('that nobody took are named when it is closed, and no more are claimed', async () => {
    const { rows, seen } = journalOf(
      Array.from({ length: 60 }, (_, i) => i),
      16,
    )
    await rows.take(1)
    expect(await rows.close()).toHaveLength(15)
    expect(await rows.take(1)).toEqual([])
    await settle()
    expect(seen.starts).toHaveLength(1)
  })
})
