import { within } from '../within.ts'
import type { ServiceParts } from './port.ts'

/** Remembers that accepted writes were lost, until somebody who knows of it resets the figures. */
export interface LossAlarm {
  /** What was lost, in words; `undefined`: nothing that is known. */
  reason(): Promise<string | undefined>
  reset(): void
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
    return { reason: async () => undefined, reset: () => undefined, close: () => undefined }
  }
  let told = 0
  const unsubscribe = subscribe((event) => {
    if (event.type === 'journal-lost') told += event.rows
  })
  const counted = async () => {
    const stats = users.stats().catch(() => undefined)
    return (await within(figuresWithinMs, stats, () => undefined))?.journal?.lost ?? 0
  }
  return {
    async reason() {
      const rows = Math.max(told, await counted())
      if (rows === 0) return undefined
      const what = rows === 1 ? '1 accepted write is' : `${rows} accepted writes are`
      return `${what} gone from the journal and not in the database: POST /admin/stats/reset when it has been dealt with`
    },
    reset() {
      told = 0
    },
    close: unsubscribe,
  }
}
