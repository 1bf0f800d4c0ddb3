import { dirname, join } from 'node:path'
import * as zlib from 'node:zlib'
import { type Clock, systemClock } from '../../contract/clock.ts'
import { InvalidArgumentError } from '../../contract/errors.ts'
import { type Disk, machineDisk, writeAll } from './journal-file/disk.ts'
import { FileLog } from './journal-file/file-log.ts'
import { readSteps } from './journal-file/reading.ts'
import { fileHeader } from './journal-file/record.ts'
import { LiveState } from './journal-file/state.ts'
import type { FsyncPolicy } from './journal-file/syncing.ts'
import type { JournalLog } from './journal-log.ts'

/** Options of `openJournalFile`. */
export interface JournalFileOptions {
  /** Where the file lives, made where it is missing. One process at a time may use it: that is the caller's to see to. */
  readonly folder: string
  /**
   * What a power failure may take; a killed process loses nothing with any. `always`: nothing, a write is
   * acknowledged after an fdatasync, one for all that wait. `everysec`: what was acknowledged in the last
   * second, and while an fdatasync runs. `no`: what the system has not written yet. Default `everysec`.
   */
  readonly fsync?: FsyncPolicy
  /** Of the timer of `everysec`. Default: the machine's. */
  readonly clock?: Clock
  /** Told when the file could not be made smaller, which goes on as it is, and when a sync has failed. */
  readonly onTrouble?: (error: unknown) => void
}

/** A journal's file, open. */
export interface JournalFile {
  /** For `memoryStore`. */
  readonly log: JournalLog
  /** Bytes that were cut off its end when it was opened: a record whose writing a crash had cut short. */
  readonly cutBytes: number
  /** Writes that were accepted and not flushed, of all prefixes, when it was opened. */
  readonly dirtyAtOpen: number
  /** Why nothing can be written to it any more; `undefined`: it can. */
  readonly failure: string | undefined
  /** Syncs, unless the policy is `no`, and closes the file. Rejects when the sync fails. */
  close(): Promise<void>
}

/**
 * Opens the file in which a journal in memory outlives its process, and reads what it says. A record
 * is with the system before its write is acknowledged: `kill -9` loses nothing. When the file is
 * larger than 1 MiB and twice what it comes to, it is written anew. Rejects with a `JournalFileError`
 * for a file that is damaged elsewhere than at its end, or is none of this format.
 *
 * ```ts
 * const file = await openJournalFile({ folder: '.data/journal', fsync: 'always' })
 * const store = memoryStore({ journalLog: file.log })
 * ```
 */
export async function openJournalFile(options: JournalFileOptions): Promise<JournalFile> {
  return await openOn(machineDisk, options)
}

/** `openJournalFile`, on any disk; the file is written anew when it is larger than `smallBytes`. */
export async function openOn(
  disk: Disk,
  options: JournalFileOptions,
  smallBytes = 1024 * 1024,
): Promise<JournalFile> {
  const { folder, fsync = 'everysec', clock = systemClock, onTrouble } = options
  assertOptions(folder, fsync)
  const path = join(folder, 'journal.log')
  const unfinishedPath = join(folder, 'journal.log.new')
  disk.makeFolder(folder)
  disk.remove(unfinishedPath)
  const file = disk.open(path)
  try {
    const states = new Map<string, LiveState>()
    const size = readSteps({ disk, file, path }, ({ prefix, changes }) => {
      const state = states.get(prefix) ?? new LiveState()
      states.set(prefix, state)
      for (const change of changes) state.apply(change)
    })
    const dirtyAtOpen = [...states.values()].reduce((sum, { dirty }) => sum + dirty, 0)
    const cutBytes = disk.size(file) - size
    if (cutBytes > 0) disk.truncate(file, size)
    if (size === 0) writeAll(disk, file, fileHeader, 0)
    // What an earlier process wrote, and nobody synced, is built upon from here on.
    await disk.sync(file)
    await disk.syncFolder(folder)
    await disk.syncFolder(dirname(folder))
    const log = new FileLog(
      { disk, folder, path, unfinishedPath, fsync, clock, onTrouble, smallBytes },
      states,
      {
        file,
        size: Math.max(size, fileHeader.length),
      },
    )
    return {
      log,
      cutBytes,
      dirtyAtOpen,
      get failure() {
        return log.failure
      },
      close: () => log.close(),
    }
  } catch (error) {
    disk.close(file)
    throw error
  }
}

function assertOptions(folder: unknown, fsync: unknown): void {
  if (typeof folder !== 'string' || folder === '') {
    throw new InvalidArgumentError('openJournalFile: folder', 'the path of a folder', folder)
  }
  if (fsync !== 'always' && fsync !== 'everysec' && fsync !== 'no') {
    throw new InvalidArgumentError('openJournalFile: fsync', 'always, everysec or no', fsync)
  }
  if (typeof zlib.crc32 !== 'function') {
    throw new InvalidArgumentError(
      'openJournalFile',
      'Node 20.19, or 22.2 or newer',
      process.version,
    )
  }
}
