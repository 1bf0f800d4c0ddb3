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
import {
  type Committed,
  commitWithin,
  invalidateTwice,
  type WriteFence,
} from '../mechanisms/commit.ts'
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
    const sentAt = clock.now()
    try {
      await store.write('begin', (s) => s.begin(id, token, markMs))
      // the commit may take the other half: a mark has to outlive it
      if (clock.now() - sentAt <= markMs / 2) return token
      throw new CacheError('STORE_TIMEOUT', `store: begin took more than half of ${markMs} ms`)
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

  async function publish(
    id: string,
    token: string | null,
    content: Content,
  ): Promise<'confirmed' | 'unconfirmed'> {
    for (let attempt = 1; attempt <= publishTries; attempt += 1) {
      try {
        const { result, markLost } = await store.write('end', (s) => s.end(id, token, content))
        // a repeat finds what the first one published, and its mark gone
        if (markLost && (attempt === 1 || result !== 'kept')) reportLost(id)
        return 'confirmed'
      } catch {
        // END is idempotent by token and version, so that one whose answer was lost is sent again
        if (attempt < publishTries) await core.sleep(retryAfterMs)
      }
    }
    invalidator.suspect(id)
    return 'unconfirmed'
  }

  function reportLost(id: string): void {
    core.recorder.marksLost += 1
    core.emitter.emit({ type: 'mark-lost', cache: settings.name, key: id })
  }

  /** All keys, or none: a mark that was set is taken away when another cannot be. */
  async function beginAll(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const marks = new Map<string, string>()
    const begun = await Promise.allSettled(ids.map(async (id) => marks.set(id, await begin(id))))
    const failed = begun.find((outcome) => outcome.status === 'rejected')
    if (failed === undefined) return marks
    await Promise.all([...marks].map(([id, token]) => giveUp(id, token)))
    throw failed.reason
  }

  /** Renews the marks while a commit of unknown length runs. The returned function ends that, and waits for renewals under way. */
  function keepMarked(marks: ReadonlyMap<string, string>): () => Promise<unknown> {
    if (marks.size === 0) return async () => {}
    let cancel = clock.after(markMs / 3, renew)
    let renewing: Promise<unknown> = Promise.resolve()
    function renew() {
      cancel = clock.after(markMs / 3, renew)
      const renewals = [...marks].map(([id, token]) =>
        background.attempt('renew-mark', () =>
          store.write('begin', (s) => s.begin(id, token, markMs)),
        ),
      )
      renewing = Promise.all([renewing, ...renewals])
    }
    return () => {
      cancel()
      return renewing
    }
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
        // then the mark stays, so that nobody fills until it expires
        if (hasCode(error, 'WRITE_OUTCOME_UNKNOWN')) await invalidateTwice(core, id)
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
      const marks = await beginAll(consistency === 'linearizable' ? ids : [])
      const stopRenewing = keepMarked(marks)
      try {
        const result = await commit()
        const told = await Promise.all(ids.map((id) => invalidator.invalidate(id)))
        // a renewal that is executed after the abort would be a mark that nobody ends
        await stopRenewing()
        await Promise.all([...marks].map(([id, token]) => giveUp(id, token)))
        return { result, status: told.includes('unconfirmed') ? 'unconfirmed' : 'confirmed' }
      } catch (error) {
        await Promise.all([stopRenewing(), ...ids.map((id) => invalidateTwice(core, id))])
        throw error
      }
    },
  }
}
