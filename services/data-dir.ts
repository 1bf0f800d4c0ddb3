import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { StartError } from './start-error.ts'

/** Another process works in DATA_DIR. Its message is one line: who, and the ways out. */
export class DataDirInUseError extends StartError {
  readonly pid: number
  readonly command: string

  constructor(dataDir: string, owner: Owner, otherWays: string) {
    const isHere = owner.host === hostname()
    const stopIt = isHere
      ? 'stop it'
      : `stop it on ${owner.host}, or remove ${join(shown(dataDir), lockName)} if it is gone`
    super(
      `DATA_DIR ${shown(dataDir)} is in use by process ${owner.pid} (${owner.command}): ` +
        `${stopIt}, ${otherWays}`,
    )
    this.pid = owner.pid
    this.command = owner.command
  }
}

/** DATA_DIR cannot be made, written or opened. Its message is one line: what, where, why. */
export class DataDirError extends StartError {
  constructor(path: string, problem: string, cause: unknown) {
    super(
      `DATA_DIR: ${shown(path)} ${problem} (${reasonOf(cause)}): choose another with DATA_DIR=<folder>`,
      {
        cause,
      },
    )
  }
}

/** Who works in a folder. */
interface Owner {
  readonly pid: number
  readonly command: string
  readonly host: string
  /** Tells a process from a later one of the same number; empty where the system does not say. */
  readonly startedAt: string
}

const lockName = 'lock'
const otherWaysOfDatabase =
  'or run several services in one process (npm start -- cache-aside read-through), or set DATABASE_URL'
const maxAttempts = 100

/**
 * Makes DATA_DIR, or a folder in it, where it is missing, and claims it for this process: two on one
 * database folder lose rows silently. A dead owner's claim is taken over. Returns what gives it free
 * again. `otherWays`: what to do but stop the owner, for whoever is refused.
 *
 * The lock is a folder with one file, the owner's. Moving a folder onto another succeeds only if
 * that one is empty, and a dead owner's file is removed by its own name: of several processes that
 * take over at once, exactly one moves its folder there.
 */
export async function claimDataDir(
  dataDir: string,
  otherWays = otherWaysOfDatabase,
): Promise<() => Promise<void>> {
  const lock = join(dataDir, lockName)
  const file = randomUUID()
  const mine = join(dataDir, `${lockName}-${file}`)
  try {
    await makeFolder(mine)
    await writeFile(join(mine, file), JSON.stringify(await thisProcess()))
  } catch (error) {
    throw new DataDirError(dataDir, 'cannot be written', error)
  }

  try {
    await take(lock, mine, (owner) => new DataDirInUseError(dataDir, owner, otherWays))
  } catch (error) {
    await rm(mine, { recursive: true, force: true })
    throw error instanceof StartError ? error : new DataDirError(lock, 'cannot be taken', error)
  }
  return async () => {
    await unlinkIfThere(join(lock, file))
    await removeEmpty(lock)
  }
}

/** Node 20's own recursion never returns where the system answers ENOENT to every folder, as /proc does. */
async function makeFolder(path: string): Promise<void> {
  try {
    await makeOneFolder(path)
  } catch (error) {
    if (!isCode(error, 'ENOENT') || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await makeOneFolder(path)
  }
}

/** What stands there already is a folder, or whoever uses it next says that it is none. */
async function makeOneFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  }
}

type Refusal = (owner: Owner) => DataDirInUseError

async function take(lock: string, mine: string, refusal: Refusal): Promise<void> {
  // Every further attempt means that another process has just given the lock free, or died.
  for (let attempt = 1; ; attempt++) {
    try {
      return await rename(mine, lock)
    } catch (error) {
      if (attempt === maxAttempts || !isCode(error, 'ENOTEMPTY', 'EEXIST', 'EPERM')) throw error
    }
    await removeDead(lock, refusal)
  }
}

/** Rejects while an owner lives. */
async function removeDead(lock: string, refusal: Refusal): Promise<void> {
  for (const file of await listed(lock)) {
    const owner = await readOwner(join(lock, file))
    if (owner === undefined) continue
    if (await isAlive(owner)) throw refusal(owner)
    await unlinkIfThere(join(lock, file))
  }
  // Not every system moves a folder onto an empty one.
  await removeEmpty(lock)
}

async function isAlive(owner: Owner): Promise<boolean> {
  // Of a process elsewhere on a shared folder nothing can be told: it counts as alive.
  if (owner.host !== hostname()) return true
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if (!isCode(error, 'EPERM')) return false
  }
  return owner.startedAt === (await startOf(owner.pid))
}

async function thisProcess(): Promise<Owner> {
  const [, script = '', ...args] = process.argv
  return {
    pid: process.pid,
    command: [basename(process.execPath), shown(script), ...args].join(' ').slice(0, 200),
    host: hostname(),
    startedAt: await startOf(process.pid),
  }
}

/** When a process started, as far as the system says (Linux does): the boot, and the ticks since. */
async function startOf(pid: number): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The command in parentheses may hold anything; the start is the 20th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return `${boot.trim()} ${fields[19]}`
  } catch {
    return ''
  }
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner
  } catch (error) {
    // Its owner, or another that takes over, was faster.
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw new DataDirError(file, 'is no lock of these services', error)
  }
}

async function listed(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return []
    throw new DataDirError(folder, 'is no lock of these services', error)
  }
}

async function unlinkIfThere(file: string): Promise<void> {
  try {
    await unlink(file)
  } catch (error) {
    if (!isCode(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}

async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder)
  } catch (error) {
    if (!isCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error
  }
}

function shown(path: string): string {
  const near = relative('', path)
  return near === '' || near.startsWith('..') ? path : near
}

function reasonOf(error: unknown): string {
  const { code, message } = error as Partial<NodeJS.ErrnoException>
  return code ?? String(message ?? error).split('\n', 1)[0] ?? ''
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | null)?.code ?? '')
}
