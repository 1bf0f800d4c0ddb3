/**
 * Write-behind: a write is acknowledged when the journal has it; the database follows. The journal
 * is the set of dirty entries of the cache itself, so that every reader of the cache sees a write
 * at once, and ten writes of one key become one row of a flush.
 *
 * ENQUEUE checks its precondition, draws a version and makes the entry dirty, in one step. After
 * `delay`, counted from a key's first unflushed write, the flusher writes the rows in batches, each
 * guarded by its version, and acknowledges what it wrote by that version: a newer write in between
 * stays dirty. A row that the database refuses for good becomes a dead letter, and readers see the
 * database's truth again.
 *
 * Read-your-writes from the acknowledgement on, in answers not labelled stale. The database lags by
 * `delay` + flush time. What is acknowledged and not yet flushed is as safe as the store that
 * keeps it: in process, it is lost with the process.
 */
import type { CacheWriter, CreateResult, WriteOptions, WriteResult } from '../contract/cache.ts'
import { CacheError } from '../contract/errors.ts'
import type { EnqueueResult, Journal, Precondition } from '../contract/journal.ts'
import type { Change, FlushableSource } from '../contract/source.ts'
import { LoadedBody } from '../mechanisms/answer.ts'
import type { Core } from '../mechanisms/core.ts'
import type { Flusher } from '../mechanisms/flusher.ts'
import { wasNotSent } from '../mechanisms/guarded-store.ts'
import {
  measuredWrite,
  type WriteOperation,
  type WriteSubject,
} from '../mechanisms/measured-write.ts'
import { absent, drawKey, expectedVersions, versionConflict } from '../mechanisms/row-writer.ts'
import { Turns } from '../mechanisms/turns.ts'
import type { SourceReads } from './read-through.ts'

type Accepted = Extract<EnqueueResult, { outcome: 'accepted' }>
const maxTries = 8

interface WriteBehindParts<Key, Value> {
  readonly core: Core<Key>
  readonly source: FlushableSource<Key, Value>
  readonly journal: Journal
  readonly flusher: Flusher<Key, Value>
  readonly reads: SourceReads<Key, Value>
  readonly delayMs: number
}

/** Writes rows into the journal. */
export class WriteBehind<Key, Value> implements CacheWriter<Key, Value> {
  readonly #parts: WriteBehindParts<Key, Value>
  readonly #turns = new Turns()

  constructor(parts: WriteBehindParts<Key, Value>) {
    this.#parts = parts
  }

  async create(draft: Partial<Value>): Promise<CreateResult<Key, Value>> {
    const { source, core } = this.#parts
    core.assertOpen()
    const subject: WriteSubject = { operation: 'create', id: '' }
    return measuredWrite(core, subject, async () => {
      const key = await drawKey(core, source)
      subject.id = core.keys.encode(key)
      const json = await core.encode(source.complete(key, draft, undefined), key)
      const accepted = definite(key, await this.#enqueue(key, json, 'any'))
      return { ...this.#result(json, accepted, false), key } as CreateResult<Key, Value>
    })
  }

  async update(
    key: Key,
    change: Change<Value>,
    options: WriteOptions = {},
  ): Promise<WriteResult<Value>> {
    const { core, source } = this.#parts
    return this.#measured('update', key, () =>
      this.#inTurn(key, options, async (current) => {
        const next =
          typeof change === 'function'
            ? change(current as Value)
            : source.complete(key, change, current as Value)
        return core.encode(next, key)
      }),
    )
  }

  async put(key: Key, value: Value, options: WriteOptions = {}): Promise<WriteResult<Value>> {
    const json = await this.#parts.core.encode(value, key)
    return this.#measured('put', key, async () => {
      if (options.ifVersion !== undefined) return this.#inTurn(key, options, async () => json)
      const accepted = definite(key, await this.#enqueue(key, json, 'any'))
      return this.#result(json, accepted, accepted.existed)
    })
  }

  async delete(key: Key, options: WriteOptions = {}): Promise<WriteResult<Value>> {
    return this.#measured('delete', key, () => this.#inTurn(key, options, async () => null))
  }

  async mutate(): Promise<never> {
    throw new CacheError(
      'UNSUPPORTED',
      'mutate: with write-behind the journal is the authority; a commit beside it would be overwritten',
    )
  }

  /** One at a time per key in this process: all but one of many would meet the first one's version. */
  #inTurn(
    key: Key,
    options: WriteOptions,
    next: (current: unknown) => Promise<string | null>,
  ): Promise<WriteResult<Value>> {
    const id = this.#parts.core.keys.encode(key)
    return this.#turns.take(id, () => this.#replace(key, options, next))
  }

  /** Reads the current value, and enqueues what `next` makes of it on the condition that it still stands. */
  async #replace(
    key: Key,
    options: WriteOptions,
    next: (current: unknown) => Promise<string | null>,
  ): Promise<WriteResult<Value>> {
    const { reads } = this.#parts
    const versions = expectedVersions(options)
    for (let attempt = 1; ; attempt += 1) {
      const current = await reads.inspect(key)
      if (current.isStale) throw unknownValue(key)
      if (current.json === undefined) return { ...absent<Value>(), status: 'accepted' }
      if (versions !== undefined && !versions.includes(current.version)) {
        throw versionConflict(key, current.version)
      }
      const json = await next(current.value)
      const precondition = { version: current.version }
      const result = await this.#enqueue(key, json, precondition)
      if (result.outcome === 'accepted') return this.#result(json, result, true)
      const hasMoved = ['conflict', 'missing', 'load-first'].includes(result.outcome)
      if (!hasMoved) definite(key, result)
      if (attempt === maxTries) throw contended(key)
    }
  }

  async #enqueue(
    key: Key,
    json: string | null,
    precondition: Precondition,
  ): Promise<EnqueueResult> {
    const { core, source, journal, flusher, delayMs } = this.#parts
    core.assertOpen()
    const id = core.keys.encode(key)
    // a key that cannot be read back from its text could never be flushed
    source.parseKey(core.keys.textOf(id))
    // past it the store refuses the write, so that an unanswered one does not happen much later
    const deadlineAt = core.storeNow() + core.settings.storeWriteDeadlineMs
    let result: EnqueueResult
    try {
      result = await core.store.write('enqueue', () =>
        journal.enqueue(id, { json, precondition, delayMs, deadlineAt }),
      )
    } catch (cause) {
      // it may have been accepted
      flusher.expect(core.storeNow() + delayMs)
      throw unanswered(key, cause)
    }
    if (result.outcome === 'accepted') {
      flusher.expect(core.storeNow() + delayMs)
      core.recorder.enqueued += 1
      if (result.coalesced) core.recorder.coalesced += 1
    }
    return result
  }

  #result(json: string | null, { version }: Accepted, existed: boolean): WriteResult<Value> {
    const body = new LoadedBody(json, version)
    return {
      value: body.value as WriteResult<Value>['value'],
      json: body.json,
      version,
      existed,
      status: 'accepted',
    }
  }

  #measured<T extends WriteResult<Value>>(
    operation: WriteOperation,
    key: Key,
    write: () => Promise<T>,
  ): Promise<T> {
    const { core } = this.#parts
    core.assertOpen()
    return measuredWrite(core, { operation, id: core.keys.encode(key) }, write)
  }
}

/** What was accepted; throws the error that stands for any other answer. */
function definite(key: unknown, result: EnqueueResult): Accepted {
  switch (result.outcome) {
    case 'accepted':
      return result
    case 'conflict':
      throw versionConflict(key, result.version)
    case 'full':
      throw new CacheError(
        'JOURNAL_FULL',
        `journal: the limit of dirty ${result.limit} is reached`,
        {
          key,
          retryAfterMs: 1_000,
        },
      )
    case 'expired':
      throw new CacheError(
        'WRITE_TIMEOUT',
        'write: it reached the store too late; nothing was written',
        { key },
      )
    default:
      throw contended(key)
  }
}

/** Other processes changed the key each time between the look and the write, or it could not be brought into the cache. */
function contended(key: unknown): CacheError {
  return new CacheError(
    'WRITE_TIMEOUT',
    `write of key ${String(key)}: it changed ${maxTries} times meanwhile, or could not be cached; nothing was written`,
    { key, retryAfterMs: 100 },
  )
}

/** Nothing can be compared with, or made from, a value that may be older than an accepted write. */
function unknownValue(key: unknown): CacheError {
  return new CacheError(
    'STORE_UNAVAILABLE',
    `write of key ${String(key)}: its current value is not known; nothing was written`,
    { key, retryAfterMs: 1_000 },
  )
}

/** A call that the breaker refused was never sent; of any other nobody can tell. */
function unanswered(key: unknown, cause: unknown): CacheError {
  const details = { cause, key, retryAfterMs: 1_000 }
  if (wasNotSent(cause)) {
    return new CacheError(
      'STORE_UNAVAILABLE',
      'write: the store does not answer; nothing was written',
      details,
    )
  }
  return new CacheError('WRITE_OUTCOME_UNKNOWN', 'write: the journal did not answer', details)
}
