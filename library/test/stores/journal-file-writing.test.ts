import { openJournalFile } from 'caching-patterns/memory'
import { manualClock } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { dirty, folder, openFile, path, prefix, written } from './journal-file-rig.ts'
import { PretendDisk } from './pretend-disk.ts'

describe('syncing', () => {
  test('always: many who wait share one sync, and two never run at once', async () => {
    const disk = new PretendDisk()
    const { log } = await openFile(disk, { fsync: 'always' })
    const before = disk.syncs
    const resolved: number[] = []
    const appends = Array.from({ length: 100 }, (_, index) =>
      log.append(prefix, [dirty('a', index + 1)])?.then(() => resolved.push(index)),
    )
    expect(appends).not.toContain(undefined)
    await Promise.all(appends)
    // The first one's, and one that all others waited for.
    expect(disk.syncs - before).toBe(2)
    expect(resolved).toHaveLength(100)
    await log.append(prefix, [dirty('a', 200)])
    expect(disk.syncs - before).toBe(3)
    expect(disk.mostSyncsAtOnce).toBe(1)
  })

  test('always: what is acknowledged is there after a power failure', async () => {
    const disk = new PretendDisk()
    const { log } = await openFile(disk, { fsync: 'always' })
    const isDown = log.append(prefix, [dirty('a', 1)])
    const lost = await openFile(disk.afterPowerFailure({ names: false, bytes: false }))
    expect(lost.log.open(prefix).dirty).toEqual([])
    await isDown
    const kept = await openFile(disk.afterPowerFailure({ names: false, bytes: false }))
    expect(kept.log.open(prefix).dirty).toEqual([dirty('a', 1)])
  })

  test('everysec: a second after a write, once, and not at all without one', async () => {
    const disk = new PretendDisk()
    const clock = manualClock()
    const { log } = await openFile(disk, { fsync: 'everysec', clock })
    const before = disk.syncs
    for (let version = 1; version <= 50; version++) {
      expect(log.append(prefix, [dirty('a', version)])).toBeUndefined()
    }
    await clock.advance(999)
    expect(disk.syncs - before).toBe(0)
    await clock.advance(1)
    expect(disk.syncs - before).toBe(1)
    await clock.advance(10_000)
    expect(disk.syncs - before).toBe(1)
    void log.append(prefix, [dirty('a', 100)])
    await clock.advance(1_000)
    expect(disk.syncs - before).toBe(2)
  })

  test('everysec: closing syncs what is left, and leaves no timer', async () => {
    const disk = new PretendDisk()
    const clock = manualClock()
    const file = await openFile(disk, { clock })
    void file.log.append(prefix, [dirty('a', 1)])
    await file.close()
    expect(clock.pending()).toBe(0)
    const { log } = await openFile(disk.afterPowerFailure({ names: false, bytes: false }))
    expect(log.open(prefix).dirty).toEqual([dirty('a', 1)])
  })

  test('no: never, not even when it closes', async () => {
    const disk = new PretendDisk()
    const clock = manualClock()
    const file = await openFile(disk, { fsync: 'no', clock })
    const before = disk.syncs
    expect(file.log.append(prefix, [dirty('a', 1)])).toBeUndefined()
    await clock.advance(10_000)
    await file.close()
    expect(disk.syncs - before).toBe(0)
  })

  test('that fails once is not tried again: who waits is told, and nothing is accepted any more', async () => {
    const disk = new PretendDisk()
    const troubles: unknown[] = []
    const file = await openFile(disk, {
      fsync: 'always',
      onTrouble: (error) => troubles.push(error),
    })
    await file.log.append(prefix, [dirty('a', 1)])
    const before = disk.syncs
    disk.before = (operation) => {
      if (operation === 'sync') throw Object.assign(new Error('i/o error'), { code: 'EIO' })
    }
    const first = file.log.append(prefix, [dirty('a', 2)])
    const second = file.log.append(prefix, [dirty('a', 3)])
    await expect(first).rejects.toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN' })
    await expect(second).rejects.toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN' })
    disk.before = () => undefined
    const size = disk.bytesOf(path)?.length
    expect(() => file.log.append(prefix, [dirty('a', 4)])).toThrow(
      `journal file ${path}: a sync of it failed (EIO): nothing is accepted until it is opened anew`,
    )
    expect(file.failure).toContain('a sync of it failed (EIO)')
    expect(disk.bytesOf(path)).toHaveLength(size ?? 0)
    await expect(file.close()).rejects.toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN' })
    expect(disk.syncs - before).toBe(1)
    expect(troubles).toHaveLength(1)
    expect(disk.openFiles).toBe(0)
  })
})

describe('a write that fails', () => {
  test('throws, happened not at all, and leaves no half record before a later one', async () => {
    const { disk, file } = await written([[dirty('a', 1)]])
    const whole = disk.bytesOf(path)
    disk.room = 20
    expect(() => file.log.append(prefix, [dirty('a', 2)])).toThrow(
      `journal file ${path}: cannot be written (ENOSPC); nothing was accepted`,
    )
    expect(disk.bytesOf(path)).toEqual(whole)
    expect(file.log.open(prefix).dirty).toEqual([dirty('a', 1)])
    expect(file.failure).toBeUndefined()
    disk.room = 10_000
    void file.log.append(prefix, [dirty('b', 3)])
    const { log, cutBytes } = await openFile(disk.afterKill())
    expect(cutBytes).toBe(0)
    expect(log.open(prefix).dirty).toEqual([dirty('a', 1), dirty('b', 3)])
  })

  test('may go on in pieces', async () => {
    const { disk, file } = await written([])
    let calls = 0
    // Each write takes 7 bytes, whatever there is to be written.
    disk.before = (operation) => {
      if (operation === 'write') disk.room = 7
      calls++
    }
    void file.log.append(prefix, [dirty('a', 1)])
    expect(calls).toBeGreaterThan(10)
    const { log } = await openFile(disk.afterKill())
    expect(log.open(prefix).dirty).toEqual([dirty('a', 1)])
  })

  test('and cannot be undone ends all writing', async () => {
    const { disk, file } = await written([[dirty('a', 1)]])
    disk.room = 20
    disk.before = (operation) => {
      if (operation === 'truncate') throw Object.assign(new Error('i/o error'), { code: 'EIO' })
    }
    const message =
      /half a record cannot be cut off its end \(ENOSPC, then EIO\): nothing is accepted/
    expect(() => file.log.append(prefix, [dirty('a', 2)])).toThrow(message)
    disk.room = 10_000
    disk.before = () => undefined
    expect(() => file.log.append(prefix, [dirty('a', 3)])).toThrow(message)
    const { log } = await openFile(disk.afterKill())
    expect(log.open(prefix).dirty).toEqual([dirty('a', 1)])
  })

  test('of what is in the database already keeps nothing from going on', async () => {
    const { disk, file } = await written([[dirty('a', 1)]])
    disk.room = 0
    const clean = { kind: 'clean', key: `${prefix}a`, version: 1 } as const
    expect(file.log.append(prefix, [clean])).toBeUndefined()
    expect(file.log.open(prefix).dirty).toEqual([])
    expect(() => file.log.append(prefix, [clean, dirty('b', 2)])).toThrow('ENOSPC')
  })
})

test('a closed file takes nothing any more, and closes once', async () => {
  const { disk, file } = await written([[dirty('a', 1)]])
  await Promise.all([file.close(), file.close()])
  await file.close()
  expect(disk.openFiles).toBe(0)
  expect(() => file.log.append(prefix, [dirty('a', 2)])).toThrow(
    expect.objectContaining({ code: 'CLOSED' }),
  )
})

test('options that are none are refused where they are given', async () => {
  await expect(openJournalFile({ folder: '' })).rejects.toThrow(
    'openJournalFile: folder: expected the path of a folder',
  )
  await expect(openJournalFile({ folder, fsync: 'sometimes' as 'no' })).rejects.toThrow(
    'openJournalFile: fsync: expected always, everysec or no',
  )
})
