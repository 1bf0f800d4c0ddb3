import { CacheError } from '../contract/errors.ts'
import type { EnqueueRequest, EnqueueResult, Journal } from '../contract/journal.ts'
import type { FlushableSource } from '../contract/source.ts'
import type { Core } from './core.ts'
import type { Flusher } from './flusher.ts'
import { wasNotSent } from './guarded-store.ts'

/** What happens to a write for which there is no room. */
export type OnFull = 'sync' | 'reject' | 'block'

/** A write for the journal. */
export type Enqueued = Pick<EnqueueRequest, 'json' | 'precondition' | 'frees' | 'isUrgent'>

/** Only `accepted` changed anything; `mustPersist`: it was let in over the limits, and is acknowledged once it is in the database. */
export type EnqueueOutcome =
  | (Extract<EnqueueResult, { outcome: 'accepted' }> & { readonly mustPersist: boolean })
  | Extract<EnqueueResult, { outcome: 'load-first' | 'missing' | 'conflict' }>

interface EnqueuerParts<Key, Value> {
  readonly core: Core<Key>
  readonly source: FlushableSource<Key, Value>
  readonly journal: Journal
  readonly flusher: Flusher<Key, Value>
  readonly delayMs: number
  readonly onFull: OnFull
  readonly maxKeys: number
}

const firstWaitMs = 20
const longestWaitMs = 200

/** Puts writes into the journal: one attempt each, unless there is no room and the options say to wait for it. */
export class Enqueuer<Key, Value> {
  readonly #parts: EnqueuerParts<Key, Value>

  constructor(parts: EnqueuerParts<Key, Value>) {
    this.#parts = parts
  }

  /**
   * Rejects with `JOURNAL_FULL`, with `WRITE_TIMEOUT` and `STORE_UNAVAILABLE`: nothing was written; with
   * `WRITE_OUTCOME_UNKNOWN`: it may have been.
   */
  enqueue(key: Key, write: Enqueued): Promise<EnqueueOutcome> {
    const { core, source, journal, delayMs } = this.#parts
    core.assertOpen()
    const id = core.keys.encode(key)
    // a key that cannot be read back from its text could never be flushed
    source.parseKey(core.keys.textOf(id))
    return this.#whileFull(key, write.isUrgent ?? false, (room) =>
      this.send(key, (deadlineAt) =>
        journal.enqueue(id, { ...write, ...room, delayMs, deadlineAt }),
      ),
    )
  }

  /**
   * Sends one request that makes a key dirty if it is accepted. Past its deadline the store refuses it, so that an unanswered
   * one does not happen much later; it is never sent again blindly.
   */
  async send<Result extends { readonly outcome: string }>(
    key: Key,
    request: (deadlineAt: number) => Result | Promise<Result>,
  ): Promise<Exclude<Result, { outcome: 'expired' }>> {
    const { core, flusher, delayMs } = this.#parts
    const deadlineAt = core.storeNow() + core.settings.storeWriteDeadlineMs
    let result: Result
    try {
      result = await core.store.write('enqueue', () => request(deadlineAt))
    } catch (cause) {
      // it may have been accepted
      flusher.expect(core.storeNow() + delayMs)
      throw unanswered(key, cause)
    }
    if (result.outcome === 'expired') {
      const words = 'write: it reached the store too late; nothing was written'
      throw new CacheError('WRITE_TIMEOUT', words, { key })
    }
    return result as Exclude<Result, { outcome: 'expired' }>
  }

  /** Counts an accepted write, and has it flushed in time. */
  accepted({ coalesced }: { readonly coalesced: boolean }, isUrgent: boolean): void {
    const { core, flusher, delayMs } = this.#parts
    flusher.expect(core.storeNow() + (isUrgent ? 0 : delayMs))
    core.recorder.enqueued += 1
    if (coalesced) core.recorder.coalesced += 1
  }

  /** What is dirty of this key is due now. */
  async hurry(key: Key): Promise<void> {
    const { core, journal, flusher } = this.#parts
    const id = core.keys.encode(key)
    await core.store.write('hurry', () => journal.hurry(id))
    flusher.expect(core.storeNow())
  }

  full(key: Key, limit: string): CacheError {
    const { flusher, maxKeys } = this.#parts
    return new CacheError('JOURNAL_FULL', `journal: the limit of dirty ${limit} is reached`, {
      key,
      retryAfterMs: flusher.rate.msFor(maxKeys / 10),
    })
  }

  async #whileFull(
    key: Key,
    isUrgent: boolean,
    attempt: (
      room: Pick<EnqueueRequest, 'mayExceed' | 'isUrgent'>,
    ) => Promise<Exclude<EnqueueResult, { outcome: 'expired' }>>,
  ): Promise<EnqueueOutcome> {
    const { core, onFull, flusher } = this.#parts
    const endsAt = core.clock.now() + core.settings.writeDeadlineMs
    let mustPersist = false
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
      const result = await attempt(mustPersist ? { mayExceed: true, isUrgent: true } : {})
      if (result.outcome === 'accepted') {
        this.accepted(result, isUrgent || mustPersist)
        return { ...result, mustPersist }
      }
      if (result.outcome !== 'full') return result
      const mayBeLetIn = onFull === 'sync' && !mustPersist && flusher.breakerState === 'closed'
      if (mayBeLetIn) mustPersist = true
      else if (onFull === 'block' && core.clock.now() + waitMs < endsAt) await core.sleep(waitMs)
      else throw this.full(key, result.limit)
    }
  }
}

/** A call that the breaker or the store refused did nothing; of any other nobody can tell. */
function unanswered(key: unknown, cause: unknown): CacheError {
  const details = { cause, key, retryAfterMs: 1_000 }
  if (wasNotSent(cause)) {
    return new CacheError(
      'STORE_UNAVAILABLE',
      'write: the store does not answer, or refuses it; nothing was written',
      details,
    )
  }
  return new CacheError('WRITE_OUTCOME_UNKNOWN', 'write: the journal did not answer', details)
}
