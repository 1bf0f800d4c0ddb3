/**
 * Write-behind: a write is acknowledged when the journal has it; the database follows. The journal
 * is the set of dirty entries of the cache itself, so that every reader of the cache sees a write
 * at once, and ten writes of one key become one row of a flush.
 *
 * ENQUEUE checks its precondition, draws a version and makes the entry dirty, in one step. After
 * `delay`, counted from a key's first unflushed write, the process that owns the key's partition writes
 * the rows in batches, each guarded by its version and by the partition's epoch, and acknowledges what it
 * wrote by that version: a newer write in between stays dirty. A row that the database refuses for good
 * becomes a dead letter, and readers see the database's truth again.
 *
 * Read-your-writes from the acknowledgement on, in answers not labelled stale. The database lags by
 * `delay` + flush time. What is acknowledged and not yet flushed is as safe as the store that
 * keeps it: in process, it is lost with the process, unless that writes it down.
 */
import type {
  CacheWriter,
  CreateOptions,
  CreateResult,
  WriteOptions,
  WriteResult,
} from '../contract/cache.ts'
import { CacheError, hasCode } from '../contract/errors.ts'
import type { Precondition } from '../contract/journal.ts'
import type { Change, FlushableSource } from '../contract/source.ts'
import type { Acknowledger } from '../mechanisms/acknowledger.ts'
import type { Core } from '../mechanisms/core.ts'
import type { EnqueueOutcome, Enqueuer } from '../mechanisms/enqueuer.ts'
import type { Idempotency } from '../mechanisms/idempotency.ts'
import {
  measuredWrite,
  type WriteOperation,
  type WriteSubject,
} from '../mechanisms/measured-write.ts'
import { absent, drawKey, expectedVersions, versionConflict } from '../mechanisms/row-writer.ts'
import { Turns } from '../mechanisms/turns.ts'
import type { UniqueValues } from '../mechanisms/unique-values.ts'
import type { WrittenValues } from '../mechanisms/written-values.ts'
import type { SourceReads } from './read-through.ts'

const maxTries = 8

interface WriteBehindParts<Key, Value> {
  readonly core: Core<Key>
  readonly source: FlushableSource<Key, Value>
  readonly reads: SourceReads<Key, Value>
  readonly enqueuer: Enqueuer<Key, Value>
  readonly acknowledger: Acknowledger<Key, Value>
  readonly unique: UniqueValues<Key, Value>
  readonly idempotency: Idempotency<Key, Value>
  /** Where a look at the store is a round trip. */
  readonly written: WrittenValues | undefined
}

/** A whole value on its way into the journal; `value` undefined: a delete. */
interface Write<Value> {
  readonly value: Value | undefined
  /** What it replaces, as far as that is known. */
  readonly current: Value | undefined
  readonly precondition: Precondition
  readonly options: WriteOptions
}

/** Writes rows into the journal. */
export class WriteBehind<Key, Value> implements CacheWriter<Key, Value> {
  readonly #parts: WriteBehindParts<Key, Value>
  readonly #turns = new Turns()

  constructor(parts: WriteBehindParts<Key, Value>) {
    this.#parts = parts
  }

  async create(
    draft: Partial<Value>,
    options: CreateOptions = {},
  ): Promise<CreateResult<Key, Value>> {
    const { source, core, idempotency } = this.#parts
    core.assertOpen()
    const subject: WriteSubject = { operation: 'create', id: '' }
    return measuredWrite(core, subject, async () => {
      const { key, isRepeat } = await idempotency.keyFor(
        draft,
        await drawKey(core, source),
        options.idempotencyKey,
      )
      subject.id = core.keys.encode(key)
      const value = source.complete(key, draft, undefined)
      const result = isRepeat
        ? await this.#createOnce(key, value, options)
        : await this.#sure(key, { value, current: undefined, precondition: 'any', options })
      return Object.assign(result, { key, existed: false }) as CreateResult<Key, Value>
    })
  }

  async update(
    key: Key,
    change: Change<Value>,
    options: WriteOptions = {},
  ): Promise<WriteResult<Value>> {
    const { source } = this.#parts
    return this.#measured('update', key, () =>
      this.#inTurn(key, options, (current) =>
        typeof change === 'function' ? change(current) : source.complete(key, change, current),
      ),
    )
  }

  async put(key: Key, value: Value, options: WriteOptions = {}): Promise<WriteResult<Value>> {
    return this.#measured('put', key, async () => {
      if (options.ifVersion !== undefined) return this.#inTurn(key, options, () => value)
      const current = await this.#parts.unique.known(this.#parts.core.keys.encode(key))
      return this.#sure(key, { value, current, precondition: 'any', options })
    })
  }

  async delete(key: Key, options: WriteOptions = {}): Promise<WriteResult<Value>> {
    return this.#measured('delete', key, () => this.#inTurn(key, options, () => undefined))
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
    next: (current: Value) => Value | undefined,
  ): Promise<WriteResult<Value>> {
    const id = this.#parts.core.keys.encode(key)
    return this.#turns.take(id, () => this.#replace(key, options, next))
  }

  /**
   * Reads the current value, and enqueues what `next` makes of it on the condition that it still stands. One that this
   * process has written is taken for the current one first.
   */
  async #replace(
    key: Key,
    options: WriteOptions,
    next: (current: Value) => Value | undefined,
  ): Promise<WriteResult<Value>> {
    const { core, written } = this.#parts
    const versions = expectedVersions(options)
    const last = written?.get(core.keys.encode(key))
    let known = last !== undefined && versions?.includes(last.version) !== false ? last : undefined
    for (let attempt = 1; ; attempt += 1) {
      const read = known ?? (await this.#currentOf(key))
      known = undefined
      if (read.json === undefined) return { ...absent<Value>(), status: 'accepted' }
      if (versions !== undefined && !versions.includes(read.version)) {
        throw versionConflict(key, read.version)
      }
      const current = read.value as Value
      const precondition = { version: read.version }
      const result = await this.#write(key, {
        value: next(current),
        current,
        precondition,
        options,
      })
      if (result !== undefined) return result
      if (attempt === maxTries) throw contended(key)
    }
  }

  async #currentOf(key: Key) {
    const read = await this.#parts.reads.inspect(key)
    if (read.isStale) throw unknownValue(key)
    return read
  }

  /** The row of an earlier attempt, or this attempt's. */
  async #createOnce(key: Key, value: Value, options: CreateOptions): Promise<WriteResult<Value>> {
    const { acknowledger, enqueuer } = this.#parts
    for (let attempt = 1; ; attempt += 1) {
      const read = await this.#currentOf(key)
      if (read.json !== undefined) {
        if (acknowledger.isUrgent(options)) await enqueuer.hurry(key)
        const { json, version } = read
        const accepted = { outcome: 'accepted', version, existed: false, coalesced: false } as const
        const found = { json, accepted: { ...accepted, mustPersist: false }, existed: false }
        return acknowledger.acknowledge(key, { ...found, options })
      }
      const write = { value, current: undefined, precondition: 'absent', options } as const
      const written = await this.#write(key, write)
      if (written !== undefined) return written
      if (attempt === maxTries) throw contended(key)
    }
  }

  /** A write that nothing can be in the way of. */
  async #sure(key: Key, write: Write<Value>): Promise<WriteResult<Value>> {
    const written = await this.#write(key, write)
    if (written === undefined) throw contended(key)
    return written
  }

  /** `undefined`: the key is not as the precondition says. */
  async #write(key: Key, write: Write<Value>): Promise<WriteResult<Value> | undefined> {
    const { core, unique, enqueuer, acknowledger, written } = this.#parts
    const { value, current, precondition, options } = write
    const json = value === undefined ? null : await core.encode(value, key)
    const id = core.keys.encode(key)
    const { claimed, frees } = await unique.claim(id, value, current)
    const isUrgent = acknowledger.isUrgent(options)
    let result: EnqueueOutcome
    try {
      result = await enqueuer.enqueue(key, { json, precondition, frees, isUrgent })
    } catch (error) {
      // of an unknown outcome the claim may be the write's
      if (!hasCode(error, 'WRITE_OUTCOME_UNKNOWN')) unique.giveUp(id, claimed)
      throw error
    }
    if (result.outcome !== 'accepted') {
      unique.giveUp(id, claimed)
      return undefined
    }
    if (json === null) written?.delete(id)
    else written?.set(id, json, result.version)
    const existed = typeof precondition === 'object' || result.existed
    return acknowledger.acknowledge(key, { json, accepted: result, existed, options })
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
