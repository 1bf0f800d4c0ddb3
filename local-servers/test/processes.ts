import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

/** Whether a process runs. One that ended counts as gone, though nobody has asked how. */
export function isRunning(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
    return !state.trim().startsWith('Z')
  } catch {
    return false
  }
}

/** Waits until `isTrue`; rejects after `ms`. */
export async function until(isTrue: () => boolean, ms = 10_000): Promise<void> {
  const giveUpAt = performance.now() + ms
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error(`not so after ${ms} ms: ${isTrue}`)
    await delay(20)
  }
}
