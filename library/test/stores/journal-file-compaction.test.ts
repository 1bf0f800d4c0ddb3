import { isDeepStrictEqual } from 'node:util'
import type { JournalChange, LoggedJournal } from 'caching-patterns/memory'
import { describe, expect, test, vi } from 'vitest'
import {
  dirty,
  foldOf,
  openedOf,
  openFile,
  path,
  prefix,
  unfinishedPath,
  written,
} from './journal-file-rig.ts'
import { PretendDisk, Stopped, type Survival } from './pretend-disk.ts'

const smallBytes = 2_000

describe('a file much larger than what it comes to', () => {
  test('is written anew, with the same state, and stays small however long it is written to', async () => {
    const disk = new PretendDisk()
    const file = await openFile(disk, {}, smallBytes)
    const changes: JournalChange[] = []
    for (let version = 1; version <= 2_000; version++) {
      const change = dirty('abc'[version % 3] ?? '', version)
      changes.push(change)
      void file.log.append(prefix, [change])
      await turn()
    }
    await vi.waitUntil(() => disk.openFiles === 1)
    expect(disk.bytesOf(path)?.length).toBeLessThan(2 * smallBytes)
    expect(disk.bytesOf(unfinishedPath)).toBeUndefined()
    const next = await openFile(disk.afterKill())
    expect(openedOf(next.log)).toEqual(foldOf(changes))
  })

  test('is left alone below a mebibyte, and while half of it is needed', async () => {
    const disk = new PretendDisk()
    const { log } = await openFile(disk)
    const large = 'x'.repeat(100_000)
    for (let version = 1; version <= 10; version++) {
      void log.append(prefix, [dirty('a', version, { json: large })])
    }
    await turn()
    expect(disk.bytesOf(path)?.length).toBeGreaterThan(1_000_000)
    expect(disk.openFiles).toBe(1)
    void log.append(prefix, [dirty('a', 11, { json: large })])
    await vi.waitUntil(() => (disk.bytesOf(path)?.length ?? 0) < 110_000)

    const needed = new PretendDisk()
    const other = await openFile(needed, {}, smallBytes)
    for (let version = 1; version <= 100; version++) {
      void other.log.append(prefix, [dirty(`key ${version}`, version)])
      expect(needed.openFiles).toBe(1)
    }
  })

  test('keeps the highest version there was, though no key has it any more', async () => {
    const disk = new PretendDisk()
    const { log } = await openFile(disk, {}, smallBytes)
    for (let version = 1; version <= 100; version++) {
      const key = `${prefix}a`
      void log.append(prefix, [dirty('a', version)])
      void log.append(prefix, [{ kind: 'clean', key, version }])
    }
    await vi.waitUntil(() => (disk.bytesOf(path)?.length ?? 0) < 300)
    const { log: next } = await openFile(disk.afterKill())
    expect(next.open(prefix)).toEqual({
      dirty: [],
      letters: [],
      reservations: [],
      lastVersion: 100,
    })
  })

  test('is made smaller when it is opened, too', async () => {
    const steps = Array.from({ length: 100 }, (_, index) => [dirty('a', index + 1)])
    const { disk } = await written(steps)
    await openFile(disk, {}, smallBytes)
    await vi.waitUntil(() => (disk.bytesOf(path)?.length ?? 0) < 500)
  })

  test('forgets claims on values that are over, which nobody takes back', async () => {
    const disk = new PretendDisk()
    const { log } = await openFile(disk, {}, smallBytes)
    for (let second = 1; second <= 1_000; second++) {
      const at = second * 1_000
      const claim = { value: `email:${second}`, holder: 'h', stamp: at * 1_000, until: at + 5_000 }
      void log.append(prefix, [{ kind: 'reserved', ...claim }])
      await turn()
    }
    expect(log.open(prefix).reservations.map(({ value }) => value)).toEqual(
      [995, 996, 997, 998, 999, 1_000].map((second) => `email:${second}`),
    )
    expect(disk.bytesOf(path)?.length).toBeLessThan(2 * smallBytes)
  })
})

describe('a new file that cannot be made', () => {
  test.each(['open', 'sync', 'rename'] as const)(
    'is dropped when %s fails: the old one goes on, and who opened it is told',
    async (failing) => {
      const disk = new PretendDisk()
      const troubles: unknown[] = []
      const onTrouble = (error: unknown) => troubles.push(error)
      const file = await openFile(disk, { onTrouble }, smallBytes)
      let isNew = false
      disk.before = (operation) => {
        if (operation === 'open') isNew = true
        if (isNew && operation === failing) throw new Error(`${failing} failed`)
      }
      const changes = Array.from({ length: 100 }, (_, index) => dirty('a', index + 1))
      for (const change of changes) void file.log.append(prefix, [change])
      await vi.waitUntil(() => troubles.length > 0)
      expect(troubles).toEqual([expect.objectContaining({ message: `${failing} failed` })])
      expect(file.failure).toBeUndefined()
      expect(disk.bytesOf(unfinishedPath)).toBeUndefined()
      expect(disk.openFiles).toBe(1)
      void file.log.append(prefix, [dirty('b', 200)])
      const next = await openFile(disk.afterKill())
      expect(openedOf(next.log)).toEqual(foldOf([...changes, dirty('b', 200)]))
    },
  )

  test('is dropped when its file closes meanwhile', async () => {
    const { disk } = await written(
      Array.from({ length: 600 }, (_, index) => [
        dirty(`${index % 200}`, index + 1, { json: 'x'.repeat(1_000) }),
      ]),
    )
    const before = disk.bytesOf(path) as Buffer
    const file = await openFile(disk, {}, smallBytes)
    expect(disk.bytesOf(unfinishedPath)).toBeDefined()
    await file.close()
    expect(disk.bytesOf(path)?.equals(before)).toBe(true)
    expect(disk.openFiles).toBe(1)
    expect(disk.bytesOf(unfinishedPath)).toBeUndefined()
  })

  test('was left behind by a crash and is removed', async () => {
    const disk = PretendDisk.holding(unfinishedPath, Buffer.from('half of it'))
    await openFile(disk)
    expect(disk.bytesOf(unfinishedPath)).toBeUndefined()
  })

  test('is tried when the disk is full, so that what is dead makes room', async () => {
    const disk = new PretendDisk()
    const { log } = await openFile(disk)
    for (let version = 1; version <= 100; version++) void log.append(prefix, [dirty('a', version)])
    // Enough for the new file, and not much more.
    disk.room = 1_000
    const large = { json: 'x'.repeat(2_000) }
    expect(() => log.append(prefix, [dirty('a', 101, large)])).toThrow('ENOSPC')
    await vi.waitUntil(() => (disk.bytesOf(path)?.length ?? 0) < 1_000)
  })
})

const survivals: readonly Survival[] = [false, true].flatMap((names) =>
  [false, true].map((bytes) => ({ names, bytes })),
)

describe('a stop at any operation on the disk, while the file is written anew', () => {
  test('by kill leaves all that was written', async () => {
    const stops = await eachStop('no', async ({ disk, appended }, text) => {
      const { log } = await openFile(disk.afterKill())
      // The one that it stopped at may be there or not.
      expect(stepsIn(appended, openedOf(log)), text).toBeGreaterThanOrEqual(appended.length - 1)
    })
    expect(stops).toBeGreaterThan(100)
  })

  test('by a power failure leaves all that was acknowledged, whatever else of it is left', async () => {
    const stops = await eachStop('always', async ({ disk, appended, acknowledged }, text) => {
      for (const survival of survivals) {
        const { log } = await openFile(disk.afterPowerFailure(survival))
        const steps = stepsIn(appended, openedOf(log))
        expect(steps, `${text} ${JSON.stringify(survival)}`).toBeGreaterThanOrEqual(acknowledged)
      }
    })
    expect(stops).toBeGreaterThan(100)
  })
})

interface Life {
  readonly disk: PretendDisk
  /** The last one may be the one during which it stopped. */
  readonly appended: readonly JournalChange[]
  /** How many of them were, from the first on. */
  readonly acknowledged: number
}

/** Lives the same life again and again, and stops it one operation later each time; returns how many stops there are. */
async function eachStop(
  fsync: 'always' | 'no',
  judge: (life: Life, text: string) => Promise<void>,
): Promise<number> {
  for (let operations = 1; ; operations++) {
    const life = await live(fsync, operations)
    await judge(life, `stopped at operation ${operations}`)
    if (!life.isOver) continue
    expect(life.renames).toBeGreaterThan(1)
    return operations
  }
}

/** 80 changes of 4 keys, which make the file due to be written anew several times. */
async function live(
  fsync: 'always' | 'no',
  operations: number,
): Promise<Life & { readonly isOver: boolean; readonly renames: number }> {
  const disk = new PretendDisk()
  const appended: JournalChange[] = []
  let acknowledged = 0
  const { log } = await openFile(disk, { fsync }, 1_000)
  let left = operations
  let isStopped = false
  let renames = 0
  disk.before = (operation) => {
    isStopped ||= --left < 0
    if (isStopped) throw new Stopped()
    if (operation === 'rename') renames++
  }
  for (let version = 1; version <= 80 && !isStopped; version++) {
    const change = dirty('abcd'[version % 4] ?? '', version)
    appended.push(change)
    try {
      void log.append(prefix, [change])?.then(
        () => {
          acknowledged = version
        },
        () => undefined,
      )
    } catch (error) {
      if (!isStopped) throw error
    }
    if (version % 3 === 0) await turn()
  }
  // What is under way ends, well or by the stop.
  for (let turns = 0; turns < 20 && !isStopped; turns++) await turn()
  return { disk, appended, acknowledged, isOver: !isStopped, renames }
}

/** How many of the changes, from the first on, come to this state; -1: no such number does. */
function stepsIn(changes: readonly JournalChange[], state: LoggedJournal): number {
  let count = changes.length
  while (count >= 0 && !isDeepStrictEqual(foldOf(changes.slice(0, count)), state)) count--
  return count
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
