import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { type JournalFile, JournalFileError, openJournalFile } from 'caching-patterns/memory'
import { claimDataDir, DataDirError } from './data-dir.ts'
import type { FsyncPolicy } from './environment.ts'
import { StartError } from './start-error.ts'

/** Where the journal of a store in this process outlives it, for this process alone. */
export interface JournalFolder {
  readonly file: JournalFile
  /** Random, written once: another id is another journal. */
  readonly id: string
  /** Machine and path, for whoever looks for it. */
  readonly place: string
  /** What the log is to say once; empty when all was well. */
  readonly notices: readonly string[]
  /** Closes the file, then gives the folder free. */
  close(): Promise<void>
}

const otherWays = 'or set REDIS_URL, so that processes share a journal'

/**
 * Opens `<dataDir>/journal`, and makes it at the first start. Rejects with `DataDirInUseError` while
 * another process works there, and with a `StartError` of one line when it cannot be used.
 */
export async function openJournalFolder(
  dataDir: string,
  fsync: FsyncPolicy,
): Promise<JournalFolder> {
  const folder = resolve(dataDir, 'journal')
  const release = await claimDataDir(folder, otherWays)
  try {
    const file = await openJournalFile({ folder, fsync })
    return {
      file,
      id: await idOf(folder),
      place: `${hostname()}:${folder}`,
      notices: noticesOf(file),
      async close() {
        try {
          await file.close()
        } finally {
          await release()
        }
      },
    }
  } catch (error) {
    await release()
    if (error instanceof JournalFileError) throw new StartError(error.message, { cause: error })
    throw new DataDirError(folder, 'cannot be opened as a journal', error)
  }
}

/** What of accepted writes a power failure takes, in words; none: nothing. */
export function whatAPowerFailureLoses(fsync: FsyncPolicy): readonly string[] {
  if (fsync === 'always') return []
  const lost = {
    everysec: 'up to 2 s of accepted writes (JOURNAL_FSYNC=everysec)',
    no: 'what the system has not written yet of accepted writes (JOURNAL_FSYNC=no)',
  }[fsync]
  return [`a power failure may lose ${lost}: JOURNAL_FSYNC=always loses none`]
}

function noticesOf({ cutBytes, dirtyAtOpen }: JournalFile): string[] {
  const cut =
    `the last ${cutBytes} bytes of the journal were cut off: ` +
    'a write that a crash had interrupted, and that was not acknowledged'
  const left = `accepted writes that an earlier process did not flush, and this one does: ${dirtyAtOpen}`
  return [...(cutBytes > 0 ? [cut] : []), ...(dirtyAtOpen > 0 ? [left] : [])]
}

async function idOf(folder: string): Promise<string> {
  const path = join(folder, 'id')
  const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return ''
  })
  // One that a crash cut short has never been told to a database.
  if (/^[0-9a-f-]{36}$/.test(known)) return known
  const id = randomUUID()
  await writeFile(path, id, { flush: true })
  return id
}
