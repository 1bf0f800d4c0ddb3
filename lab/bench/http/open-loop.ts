import { setTimeout as delay } from 'node:timers/promises'

/** One request, from when it was due: who waits to send it waits as well. */
export interface Shot<Kind extends string> {
  readonly kind: Kind
  readonly latencyMs: number
  readonly isServed: boolean
}

export interface OpenLoop<Kind extends string> {
  readonly perSecond: number
  readonly forMs: number
  /** Sends the request of this number; rejects, or answers false, when it was not served. */
  send(index: number): Promise<{ readonly kind: Kind; readonly isServed: boolean }>
}

const tickMs = 2

/** Sends at a rate that does not wait for answers; resolves when all have come. */
export async function openLoop<Kind extends string>(
  options: OpenLoop<Kind>,
): Promise<Shot<Kind>[]> {
  const { perSecond, forMs, send } = options
  const startedAt = performance.now()
  const total = Math.round((perSecond * forMs) / 1_000)
  const shots: Promise<Shot<Kind>>[] = []
  const shoot = async (index: number, dueAt: number): Promise<Shot<Kind>> => {
    const { kind, isServed } = await send(index)
    return { kind, isServed, latencyMs: performance.now() - dueAt }
  }
  while (shots.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000))
    while (shots.length < due) {
      shots.push(shoot(shots.length, startedAt + (1_000 * shots.length) / perSecond))
    }
    await delay(tickMs)
  }
  return Promise.all(shots)
}

/** What this share of the latencies does not exceed. */
export function quantileMs(
  shots: readonly { readonly latencyMs: number }[],
  share: number,
): number {
  const sorted = shots.map(({ latencyMs }) => latencyMs).sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
