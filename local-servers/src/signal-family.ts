import { execFileSync } from 'node:child_process'

const paused = new Set<number>()

/**
 * Stops or continues a process and its children: PostgreSQL answers each connection from one of its own. The parent
 * is first, so that no child is born meanwhile. Continuing what was not stopped does nothing.
 */
export function signalFamily(pid: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
  if (signal === 'SIGCONT' && !paused.delete(pid)) return
  if (signal === 'SIGSTOP') paused.add(pid)
  send(pid, signal)
  for (const child of childrenOf(pid)) send(child, signal)
}

/** Its children, not their children. */
export function childrenOf(pid: number): number[] {
  const list = execFileSync('ps', ['-A', '-o', 'ppid=', '-o', 'pid='], { encoding: 'utf8' })
  const lines = list.trim().split('\n')
  return lines.flatMap((line) => {
    const [parent, child] = line.trim().split(/\s+/).map(Number)
    return parent === pid && child !== undefined ? [child] : []
  })
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
