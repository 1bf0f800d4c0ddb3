import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { PGlite } from '@electric-sql/pglite'
import { claimDataDir, DataDirError } from './data-dir.ts'

/** A database in this process, whose files this process alone works on. */
export interface EmbeddedPostgres {
  readonly pglite: PGlite
  /** Closes the database, then gives the folder free. */
  close(): Promise<void>
}

// Without them 150 MB more of memory, and up to 1 GB of log to go through after a kill -9.
const settings = ['shared_buffers=32MB', 'max_wal_size=128MB']

/**
 * Opens the database in `<dataDir>/postgres`, and makes it at the first start. Rejects with
 * `DataDirInUseError` while another process works there, and with `DataDirError` when the folder
 * cannot be written or what stands in it is no database.
 */
export async function openEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  const release = await claimDataDir(dataDir)
  try {
    const folder = join(dataDir, 'postgres')
    if (!existsSync(join(folder, 'PG_VERSION'))) await create(dataDir, folder)
    const pglite = await open(folder)
    return {
      pglite,
      async close() {
        if (!pglite.closed) await pglite.close()
        await release()
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}

async function open(folder: string): Promise<PGlite> {
  try {
    return await PGlite.create(folder, {
      startParams: [
        ...PGlite.defaultStartParams,
        ...settings.flatMap((setting) => ['-c', setting]),
      ],
    })
  } catch (error) {
    throw new DataDirError(folder, 'cannot be opened as a database', error)
  }
}

/** Under another name first: a start that dies half-way leaves no half-made database. */
async function create(dataDir: string, folder: string): Promise<void> {
  if (existsSync(folder) && (await readdir(folder)).length > 0) {
    throw new DataDirError(folder, 'cannot be made', new Error('something else is there'))
  }
  const left = (await readdir(dataDir)).filter((name) => name.startsWith('postgres-'))
  for (const name of left) await remove(join(dataDir, name))
  const unfinished = `${folder}-${process.pid}`
  try {
    await initialise(unfinished)
    await rename(unfinished, folder)
  } catch (error) {
    await remove(unfinished)
    throw new DataDirError(folder, 'cannot be made', error)
  }
}

/**
 * In a process of its own: making a database takes 800 MB, and leaves 140 MB behind; opening one
 * takes 130 MB.
 */
async function initialise(folder: string): Promise<void> {
  const program = `
    import { PGlite } from '@electric-sql/pglite'
    const database = await PGlite.create(process.argv[1])
    await database.close()`
  // Packages are looked up from the working directory.
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, folder], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const complaint = text(child.stderr)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (code === 0) return
  const lines = (await complaint).split('\n')
  throw new Error(lines.find((line) => line.includes('Error')) ?? `ended with ${signal ?? code}`)
}

async function remove(folder: string): Promise<void> {
  // The child of a process that was killed may still be writing there.
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}
