import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect } from 'vitest'

/** A process that is kept from its timers for longer says nothing about how long answers take. */
const stalledFromMs = 50
const attempts = 3

/**
 * Expects that the work finds no surprise. What it finds while this process, which client and services share, got no
 * core for a while is no verdict: it is done again, three times at most. One that stalls itself fails all three.
 */
export async function expectNoSurprises(
  work: (stalledMs: () => number) => Promise<readonly string[]>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const stalls = monitorEventLoopDelay({ resolution: 5 })
    stalls.enable()
    const stalledMs = () => Math.round(stalls.max / 1e6)
    const found = await work(stalledMs).finally(() => stalls.disable())
    if (found.length > 0 && stalledMs() > stalledFromMs && attempt < attempts) continue
    expect(found, `of an event loop that stood still for ${stalledMs()} ms`).toEqual([])
    return
  }
}
