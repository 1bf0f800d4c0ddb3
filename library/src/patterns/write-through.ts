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
import { CacheError, hasCode } from '../contract/errors.ts'
import type { EndResult } from '../contract/store.ts'
import { type Committed, commitWithin, type WriteFence } from '../mechanisms/commit.ts'
import type { Core } from '../mechanisms/core.ts'

const publishTries = 3
const retryAfterMs = 25

/** Marks (unless `acked`), commits, publishes. */
export function writeThroughFence<Key>(
  core: Core<Key>,
  { consistency, markMs }: { consistency: 'linearizable' | 'acked'; markMs: number },
): WriteFence {
  const { store, background, invalidator, settings, clock } = core

  async function begin(id: string): Promise<string> {
    const token = core.tokens.next()
    try {
      await store.write('begin', (s) => s.begin(id, token, markMs))
      return token
    } catch (cause) {
      // it may have been executed: a mark that nobody ends makes readers load until it expires
      background.run('abort', () => abort(id, token))
      throw new CacheError(
        'STORE_UNAVAILABLE',
        'write: the key could not be marked; nothing was written',
        {
          cause,
          retryAfterMs: 1_000,
        },
      )
    }
  }

  function abort(id: string, token: string): Promise<void> {
    return store.write('abort', (s) => s.abort(id, token))
  }

  async function giveUp(id: string, token: string | null): Promise<void> {
    // a mark that cannot be taken away ends by itself when it expires
    if (token !== null) await background.attempt('abort', () => abort(id, token))
  }

  /** The mark stays, so that nobody fills until it expires; the commit may still happen before its deadline. */
  async function outcomeIsUnknown(id: string): Promise<void> {
    background.later('invalidate-later', settings.writeDeadlineMs, () => invalidator.invalidate(id))
    await invalidator.invalidate(id)
  }

  async function publish(
    id: string,
    token: string | null,
    content: Content,
  ): Promise<'confirmed' | 'unconfirmed'> {
    for (let attempt = 1; attempt <= publishTries; attempt += 1) {
      try {
        report(id, await store.write('end', (s) => s.end(id, token, content)))
        return 'confirmed'
      } catch {
        // END is idempotent by token and version, so that one whose answer was lost is sent again
        if (attempt < publishTries) await core.sleep(retryAfterMs)
      }
    }
    invalidator.suspect(id)
    return 'unconfirmed'
  }

  function report(id: string, { markLost }: EndResult): void {
    if (!markLost || consistency === 'acked') return
    core.recorder.marksLost += 1
    core.emitter.emit({ type: 'mark-lost', cache: settings.name, key: id })
  }

  /** Renews the marks while a commit of unknown length runs. */
  function keepMarked(marks: ReadonlyMap<string, string>): () => void {
    if (marks.size === 0) return () => {}
    let cancel = clock.after(markMs / 3, renew)
    function renew() {
      cancel = clock.after(markMs / 3, renew)
      for (const [id, token] of marks) {
        background.run('renew-mark', () => store.write('begin', (s) => s.begin(id, token, markMs)))
      }
    }
    return () => cancel()
  }

  return {
    async run<C extends Committed>(
      id: string,
      commit: (context: { readonly deadlineAt: number }) => Promise<C>,
    ) {
      const token = consistency === 'linearizable' ? await begin(id) : null
      let committed: C
      try {
        committed = await commitWithin(commit, settings.writeDeadlineMs, {
          clock,
          onLate: () => background.run('invalidate-later', () => invalidator.invalidate(id)),
        })
      } catch (error) {
        if (hasCode(error, 'WRITE_OUTCOME_UNKNOWN')) await outcomeIsUnknown(id)
        else await giveUp(id, token)
        throw error
      }
      if (committed.outcome !== 'written') {
        await giveUp(id, token)
        return { committed, status: 'confirmed' }
      }
      return { committed, status: await publish(id, token, core.content(committed)) }
    },

    async runOpaque(ids, commit) {
      const marks = new Map<string, string>()
      try {
        if (consistency === 'linearizable') {
          for (const id of new Set(ids)) marks.set(id, await begin(id))
        }
      } catch (error) {
        await Promise.all([...marks].map(([id, token]) => giveUp(id, token)))
        throw error
      }
      const release = keepMarked(marks)
      try {
        const result = await commit()
        release()
        const told = await Promise.all(ids.map((id) => invalidator.invalidate(id)))
        await Promise.all([...marks].map(([id, token]) => giveUp(id, token)))
        return { result, status: told.includes('unconfirmed') ? 'unconfirmed' : 'confirmed' }
      } catch (error) {
        release()
        await Promise.all(ids.map(outcomeIsUnknown))
        throw error
      }
    },
  }
}
