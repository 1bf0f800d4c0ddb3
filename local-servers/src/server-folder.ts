import { spawn } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of one server, which outlives neither the server nor this process. */
export interface ServerFolder {
  readonly path: string
  /** What to end, and how, should this process end first. */
  note(pid: number, signal: NodeJS.Signals): void
  /** Forgets what was noted. */
  forget(): void
  remove(): void
}

/**
 * Ends the servers and removes the folders of a process that has ended, in whatever way: its input ends with that
 * process, `kill -9` included. Ctrl-C reaches it too, and must not end it first.
 */
const cleaner = `
trap '' HUP INT QUIT TERM
folder=$1
cat > /dev/null
each() {
  living=
  for note in "$folder"/*/process; do
    read -r signal pid 2> /dev/null < "$note" && "$1"
  done
}
wake() { kill -s CONT "$pid" $(ps -A -o ppid= -o pid= | sed -n "s/^ *$pid  *//p"); }
end() { kill -s "$signal" "$pid"; }
kill_at_last() { kill -s KILL "$pid"; }
look() {
  kill -s 0 "$pid" || return
  # One that ended, and that nobody has asked how, stays in the list as a zombie.
  case $(ps -o stat= -p "$pid") in Z*) ;; *) living=$pid ;; esac
}
each wake
each end
for pause in 0.02 0.02 0.05 0.1 0.2 0.2 0.5 1 2 4 8; do
  each look
  [ -n "$living" ] || break
  sleep "$pause"
done
each kill_at_last
rm -rf "$folder"`

const memory = '/dev/shm'
const enoughMemory = 1024 ** 3

const parents = new Map<string, string>()
let created = 0

/**
 * Makes an empty folder: on disk, or in memory where there is plenty. Making a database writes a thousand files: on
 * disk a tenth of a second, several when others write too.
 */
export function serverFolder(kind: 'disk' | 'memory'): ServerFolder {
  const base = kind === 'memory' && hasMemory() ? memory : tmpdir()
  const parent = parents.get(base) ?? cleanedFolder(base)
  parents.set(base, parent)
  created += 1
  const path = join(parent, String(created))
  const file = join(path, 'process')
  mkdirSync(path, { mode: 0o711 })
  return {
    path,
    note: (pid, signal) => writeFileSync(file, `${signal.slice('SIG'.length)} ${pid}\n`),
    forget: () => rmSync(file, { force: true }),
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  }
}

function hasMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync(memory)
    accessSync(memory, constants.W_OK)
    return bavail * bsize >= enoughMemory
  } catch {
    return false
  }
}

function cleanedFolder(base: string): string {
  const path = mkdtempSync(join(base, 'caching-patterns-'))
  // A server that refuses to run as root has to get through.
  chmodSync(path, 0o711)
  const child = spawn('/bin/sh', ['-c', cleaner, 'cleaner', path], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', (error) => {
    throw new Error('a shell is needed to clean up after servers', { cause: error })
  })
  child.unref()
  ;(child.stdin as unknown as { unref(): void }).unref()
  return path
}
