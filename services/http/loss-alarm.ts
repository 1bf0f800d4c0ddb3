import { within } from '../within.ts'
import type { ServiceParts } from './port.ts'

/** Remembers that accepted writes were lost, until somebody who knows of it resets the figures. */
export interface LossAlarm {
  /** What was lost, in words; `undefined`: nothing that is known. */
  reason(): Promise<string | undefined>
  /** What is known of by now rings no more. */
  reset(): Promise<void>
  close(): void
}

/** Of `/readyz`, which has to answer while a store does not. */
const figuresWithinMs = 400

/** Rings by an event of this process, and by the figures, which may know of losses that others have met. */
export function lossAlarm({
  users,
  subscribe,
}: Pick<ServiceParts, 'users' | 'subscribe'>): LossAlarm {
  if (users.journal === undefined) {
    return { reason: async () => undefined, reset: async () => undefined, close: () => undefined }
  }
  let told = 0
  // A store goes on counting, for all processes that share it.
  let acknowledged = 0
  const unsubscribe = subscribe((event) => {
    if (event.type === 'journal-lost') told += event.rows
  })
  const counted = async () => {
    const stats = users.stats().catch(() => undefined)
    return (await within(figuresWithinMs, stats, () => undefined))?.journal?.lost ?? 0
  }
  return {
    async reason() {
      const rows = Math.max(told, (await counted()) - acknowledged)
      if (rows <= 0) return undefined
      const what = rows === 1 ? '1 accepted write is' : `${rows} accepted writes are`
      return `${what} gone from the journal and not in the database: POST /admin/stats/reset when it has been dealt with`
    },
    async reset() {
      acknowledged = await counted()
      told = 0
    },
    close: unsubscribe,
  }
}
