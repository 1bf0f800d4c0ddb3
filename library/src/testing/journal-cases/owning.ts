import assert from 'node:assert/strict'
import { short } from '../store-cases/bench.ts'
import { clean, farAway, type JournalBench, type JournalCase, letterOf } from './bench.ts'

const names = Array.from({ length: 20 }, (_, i) => `k${i}`)
const whole = (name: string) => `contract:1:${name}`

/** Twenty dirty keys; the numbers of the partitions that they lie in. */
async function dirtied(bench: JournalBench, delayMs = 0): Promise<readonly number[]> {
  for (const name of names) await bench.accepted(`"${name}"`, { delayMs }, whole(name))
  const dirty = await bench.dirty()
  return [...new Set(dirty.map(({ partition }) => partition))].sort((a, b) => a - b)
}

async function owns(bench: JournalBench, dueBy: number = farAway) {
  const { held, taken, lost } = await bench.journal.own(dueBy)
  assert.equal(lost, undefined)
  const inOrder = (some: readonly number[]) => [...some].sort((a, b) => a - b)
  return { held: inOrder(held), taken: inOrder(taken) }
}

/** `own`, `release`; what `claim` and `dirtyIn` say of partitions. */
export const owningCases: readonly JournalCase[] = [
  [
    'own: takes nothing where nothing is dirty',
    async (bench) => {
      assert.deepEqual(await owns(bench), { held: [], taken: [] })
    },
  ],
  [
    'own: takes nothing that is not due',
    async (bench) => {
      const partitions = await dirtied(bench, 60_000)
      assert.deepEqual(await owns(bench, await bench.now()), { held: [], taken: [] })
      assert.deepEqual(await owns(bench), { held: partitions, taken: partitions })
    },
  ],
  [
    'own: tells once what it has taken, and always what it holds',
    async (bench) => {
      const partitions = await dirtied(bench)
      assert.deepEqual(await owns(bench), { held: partitions, taken: partitions })
      assert.deepEqual(await owns(bench), { held: partitions, taken: [] })
      assert.deepEqual(await owns(bench, 1), { held: partitions, taken: [] })
    },
  ],
  [
    'own: keeps what has become clean, or was parked',
    async (bench) => {
      const partitions = await dirtied(bench)
      await owns(bench)
      const [first, ...others] = await bench.dirty()
      assert.ok(first !== undefined)
      await bench.journal.quarantine(letterOf(first.version, first.json, first.key))
      await bench.journal.ack(others, clean)
      await bench.counts(0, 1)
      assert.deepEqual(await owns(bench), { held: partitions, taken: [] })
    },
  ],
  [
    'release: everything is taken anew after it',
    async (bench) => {
      const partitions = await dirtied(bench)
      await owns(bench)
      await bench.journal.release()
      assert.deepEqual(await owns(bench), { held: partitions, taken: partitions })
    },
  ],
  [
    'release: of some partitions leaves the others',
    async (bench) => {
      const [first = -1, ...others] = await dirtied(bench)
      await owns(bench)
      await bench.journal.release(others)
      const { held, taken } = await owns(bench)
      assert.deepEqual([held, taken], [[first, ...others], others])
      await bench.journal.release([])
      assert.deepEqual((await owns(bench)).taken, [])
      await bench.journal.release([first])
      assert.deepEqual((await owns(bench)).taken, [first])
    },
  ],
  [
    'claim: gives out of the partitions that are named, and of no others',
    async (bench) => {
      const partitions = await dirtied(bench)
      const found: string[] = []
      for (const partition of bench.all) {
        const claimed = await bench.claimed(1_000, farAway, { partitions: [partition] })
        for (const entry of claimed) assert.equal(entry.partition, partition)
        assert.equal(claimed.length > 0, partitions.includes(partition))
        found.push(...claimed.map((entry) => entry.key))
      }
      assert.deepEqual(found.sort(), names.map(whole).sort())
      const [first = 0] = partitions
      const rest = bench.all.filter((partition) => partition !== first)
      const others = await bench.claimed(1_000, farAway, { partitions: rest })
      const mine = await bench.claimed(1_000, farAway, { partitions: [first] })
      assert.equal(others.length, names.length - mine.length)
      assert.deepEqual([...(await bench.claimed(1_000, farAway, { partitions: [] }))], [])
      assert.deepEqual(
        [...(await bench.claimed(1_000, farAway, { partitions: [bench.all.length] }))],
        [],
      )
    },
  ],
  [
    'dirtyIn: gives all of one partition, due or not, and nothing of others',
    async (bench) => {
      await dirtied(bench, 60_000)
      const found: string[] = []
      for (const partition of bench.all) {
        const inside = [...(await bench.journal.dirtyIn(partition))]
        const claimed = [...(await bench.claimed(1_000, farAway, { partitions: [partition] }))]
        const byKey = (one: { key: string }, other: { key: string }) =>
          one.key < other.key ? -1 : 1
        assert.deepEqual(inside.sort(byKey), claimed.sort(byKey))
        found.push(...inside.map((entry) => entry.key))
      }
      assert.deepEqual(found.sort(), names.map(whole).sort())
      assert.deepEqual([...(await bench.journal.dirtyIn(bench.all.length))], [])
    },
  ],
  [
    'dirtyIn: what is clean again is not among it',
    async (bench) => {
      const [partition = 0] = await dirtied(bench)
      const inside = await bench.journal.dirtyIn(partition)
      await bench.advance(short)
      await bench.journal.ack(inside.slice(1), clean)
      assert.deepEqual([...(await bench.journal.dirtyIn(partition))], [inside[0]])
    },
  ],
]
