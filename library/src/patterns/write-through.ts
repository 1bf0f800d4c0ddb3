/**
 * Write-through: COMMIT, publish, acknowledge. The writer puts the new value into the cache itself;
 * readers load only what nobody has written or read lately.
 *
 * `linearizable` (default): BEGIN marks the key, the transaction commits at a version that is drawn
 * under the row lock, END takes the mark away and publishes. While a mark stands, readers load from
 * the source and fill nothing. Once any reader has seen a value, no later read sees an older one,
 * as long as each mark outlives its commit. If the store does not answer BEGIN, nothing is written.
 *
 * `acked`: COMMIT, END, acknowledge. One round trip less; between COMMIT and END a reader may see
 * the old value after another has seen the new one, but never after the write was acknowledged.
 *
 * If the process dies between COMMIT and END, readers load from the source until the mark
 * expires (`linearizable`), or read the old entry until its TTL (`acked`).
 */
import type { Content } from '../contract/entry.ts'
import { hasCode } from '../contract/errors.ts'
import {
  type Committed,
  commitWithin,
  invalidateTwice,
  type WriteFence,
} from '../mechanisms/commit.ts'
import type { Core } from '../mechanisms/core.ts'
import { Marking } from '../mechanisms/marking.ts'

const publishTries = 3
const retryAfterMs = 25

/** Marks (unless `acked`), commits, publishes. */
export function writeThroughFence<Key>(
  core: Core<Key>,
  { consistency, markMs }: { consistency: 'linearizable' | 'acked'; markMs: number },
): WriteFence {
  const { background, invalidator, settings, clock } = core
  const marking = new Marking(core, markMs)

  return {
    async run<C extends Committed>(
      id: string,
      commit: (context: { readonly deadlineAt: number }) => Promise<C>,
    ) {
      const token = consistency === 'linearizable' ? await marking.begin(id) : null
      let committed: C
      try {
        committed = await commitWithin(commit, settings.writeDeadlineMs, {
          clock,
          onLate: () => background.run('invalidate-later', () => invalidator.invalidate(id)),
        })
      } catch (error) {
        // then the mark stays, so that nobody fills until it expires
        if (hasCode(error, 'WRITE_OUTCOME_UNKNOWN')) await invalidateTwice(core, id)
        else await marking.giveUp(id, token)
        throw error
      }
      if (committed.outcome !== 'written') {
        await marking.giveUp(id, token)
        return { committed, status: 'confirmed' }
      }
      return { committed, status: await publish(core, { id, token }, core.content(committed)) }
    },

    async runOpaque(ids, commit) {
      const marks = await marking.beginAll(consistency === 'linearizable' ? ids : [])
      const stopRenewing = marking.keep(marks)
      try {
        const result = await commit()
        const told = await Promise.all(ids.map((id) => invalidator.invalidate(id)))
        // a renewal that is executed after the abort would be a mark that nobody ends
        await stopRenewing()
        await marking.giveUpAll(marks)
        return { result, status: told.includes('unconfirmed') ? 'unconfirmed' : 'confirmed' }
      } catch (error) {
        await Promise.all([stopRenewing(), ...ids.map((id) => invalidateTwice(core, id))])
        throw error
      }
    },
  }
}

/** END, sent again when its answer is lost: it is idempotent by token and version. */
async function publish<Key>(
  core: Core<Key>,
  { id, token }: { readonly id: string; readonly token: string | null },
  content: Content,
): Promise<'confirmed' | 'unconfirmed'> {
  for (let attempt = 1; attempt <= publishTries; attempt += 1) {
    try {
      const { result, markLost } = await core.store.write('end', (s) => s.end(id, token, content))
      // a repeat finds what the first one published, and its mark gone
      if (markLost && (attempt === 1 || result !== 'kept')) reportLost(core, id)
      return 'confirmed'
    } catch {
      if (attempt < publishTries) await core.sleep(retryAfterMs)
    }
  }
  core.invalidator.suspect(id)
  return 'unconfirmed'
}

function reportLost<Key>({ recorder, emitter }: Core<Key>, key: string): void {
  recorder.marksLost += 1
  emitter.emit({ type: 'mark-lost', cache: emitter.cache, key })
}
