/**
 * Write-around: COMMIT, INVALIDATE, acknowledge. What cache-aside, read-through and refresh-ahead
 * do with writes unless told otherwise.
 *
 * The source is written first, then the entry goes. A load that is in flight meanwhile cannot
 * store what it read: its lease died. So once a write is confirmed, nobody reads an older value
 * from the cache. If the process dies between the two steps, the old entry lives until its TTL; if
 * the store does not answer, the write is `unconfirmed`: durable, replayed, and this process
 * reads the key from the source until the store has answered.
 */
import { hasCode } from '../contract/errors.ts'
import { commitWithin, invalidateTwice, type WriteFence } from '../mechanisms/commit.ts'
import type { Core } from '../mechanisms/core.ts'

/** Commits, then invalidates. `isExact`: a rejected commit of this source wrote nothing. */
export function writeAroundFence<Key>(core: Core<Key>, isExact: boolean): WriteFence {
  const { invalidator, background, settings, clock } = core

  return {
    async run(id, commit) {
      try {
        const committed = await commitWithin(commit, settings.writeDeadlineMs, {
          clock,
          onLate: () => background.run('invalidate-later', () => invalidator.invalidate(id)),
        })
        const changed = committed.outcome === 'written'
        return { committed, status: changed ? await invalidator.invalidate(id) : 'confirmed' }
      } catch (error) {
        if (!isExact || hasCode(error, 'WRITE_OUTCOME_UNKNOWN')) await invalidateTwice(core, id)
        throw error
      }
    },

    async runOpaque(ids, commit) {
      try {
        const result = await commit()
        const told = await Promise.all(ids.map((id) => invalidator.invalidate(id)))
        return { result, status: told.includes('unconfirmed') ? 'unconfirmed' : 'confirmed' }
      } catch (error) {
        await Promise.all(ids.map((id) => invalidateTwice(core, id)))
        throw error
      }
    },
  }
}
