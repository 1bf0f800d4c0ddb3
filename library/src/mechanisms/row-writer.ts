import type { CacheWriter, CreateResult, WriteOptions, WriteResult } from '../contract/cache.ts'
import type { Version } from '../contract/entry.ts'
import { CacheError, outcomeUnknown } from '../contract/errors.ts'
import type {
  Change,
  DeleteOutcome,
  Source,
  VersionedSource,
  WriteContext,
  WriteOutcome,
} from '../contract/source.ts'
import { LoadedBody } from './answer.ts'
import { encodeValue } from './codec.ts'
import type { Committed, WriteFence } from './commit.ts'
import type { Core } from './core.ts'
import { measuredWrite, type WriteOperation } from './measured-write.ts'
import { isVersioned, lacks } from './versioned-source.ts'

type RowCommitted = Committed & { readonly existed?: boolean }
type AnySource<Key, Value> = Source<Key, Value> | VersionedSource<Key, Value>

/** Writes rows through a source, each commit behind the policy's fence. */
export class RowWriter<Key, Value> implements CacheWriter<Key, Value> {
  readonly #core: Core<Key>
  readonly #source: AnySource<Key, Value>
  readonly #fence: WriteFence

  constructor(core: Core<Key>, source: AnySource<Key, Value>, fence: WriteFence) {
    this.#core = core
    this.#source = source
    this.#fence = fence
  }

  async create(value: Partial<Value>): Promise<CreateResult<Key, Value>> {
    this.#core.assertOpen()
    const source = this.#source
    const { key, result } = await (isVersioned(source)
      ? this.#createVersioned(source, value)
      : this.#createPlain(source, value))
    return { ...result, key } as CreateResult<Key, Value>
  }

  update(key: Key, change: Change<Value>, options: WriteOptions = {}): Promise<WriteResult<Value>> {
    const source = this.#source
    const versions = expectedVersions(options)
    return this.#write('update', key, async (context) => {
      if (isVersioned(source)) {
        return writtenRow(await source.update(key, change, { ...context, versions }), key)
      }
      refuseVersions(versions)
      if (source.update === undefined) throw lacks('update')
      const value = await source.update(key, change, context)
      return value === null || value === undefined ? { outcome: 'missing' } : written(value, 0, key)
    })
  }

  async put(key: Key, value: Value, options: WriteOptions = {}): Promise<WriteResult<Value>> {
    const source = this.#source
    const versions = expectedVersions(options)
    await this.#core.encode(value, key)
    return this.#write('put', key, async (context) => {
      if (isVersioned(source)) {
        return writtenRow(await source.put(key, value, { ...context, versions }), key)
      }
      refuseVersions(versions)
      if (source.put === undefined) throw lacks('put')
      return written(await source.put(key, value, context), 0, key)
    })
  }

  delete(key: Key, options: WriteOptions = {}): Promise<WriteResult<Value>> {
    const source = this.#source
    const versions = expectedVersions(options)
    return this.#write('delete', key, async (context) => {
      if (isVersioned(source)) {
        return deletedRow(await source.delete(key, { ...context, versions }))
      }
      refuseVersions(versions)
      if (source.delete === undefined) throw lacks('delete')
      const existed = await source.delete(key, context)
      return existed ? { outcome: 'written', json: null, version: 0 } : { outcome: 'missing' }
    })
  }

  async mutate<Result>(keys: readonly Key[], commit: () => Promise<Result>) {
    this.#core.assertOpen()
    const ids = keys.map((key) => this.#core.keys.encode(key))
    return measuredWrite(this.#core, { operation: 'mutate', id: ids.join(' ') }, () =>
      this.#fence.runOpaque(ids, commit),
    )
  }

  async #createVersioned(source: VersionedSource<Key, Value>, value: Partial<Value>) {
    // the key is drawn before the transaction, so that an insert runs the same protocol as an update
    const key = await source.nextKey()
    const result = await this.#write('create', key, async (context) => {
      const row = await source.insert(key, value, context)
      return { ...written(row.value, row.version, key), existed: false }
    })
    return { key, result }
  }

  async #createPlain(source: Source<Key, Value>, value: Partial<Value>) {
    const insert = source.insert?.bind(source)
    if (insert === undefined) throw lacks('insert')
    const deadlineAt = this.#core.clock.now() + this.#core.settings.writeDeadlineMs
    const inserted = await insert(value, { deadlineAt })
    // the cache hears of it only after the commit, since nobody knew the key before
    const result = await this.#write('create', inserted.key, async () => ({
      ...written(inserted.value, 0, inserted.key),
      existed: false,
    }))
    return { key: inserted.key, result }
  }

  async #write(
    operation: WriteOperation,
    key: Key,
    commit: (context: WriteContext) => Promise<RowCommitted>,
  ): Promise<WriteResult<Value>> {
    this.#core.assertOpen()
    const id = this.#core.keys.encode(key)
    const { committed, status } = await measuredWrite(this.#core, { operation, id }, async () => {
      const fenced = await this.#fence.run(id, commit)
      const { committed } = fenced
      return { ...fenced, version: committed.outcome === 'written' ? committed.version : 0 }
    })
    if (committed.outcome === 'conflict') throw versionConflict(key, committed.version)
    if (committed.outcome === 'missing') return absent()
    if (status === 'unconfirmed' && this.#core.settings.onUnconfirmed === 'throw') {
      throw unconfirmed(key)
    }
    const body = new LoadedBody(committed.json, committed.version)
    return {
      value: body.value as WriteResult<Value>['value'],
      json: body.json,
      version: committed.version,
      existed: committed.existed ?? true,
      status,
    }
  }
}

/** The versions of `ifVersion` as a list; `undefined`: any. */
export function expectedVersions({ ifVersion }: WriteOptions): readonly Version[] | undefined {
  return typeof ifVersion === 'number' ? [ifVersion] : ifVersion
}

/** The row stands at another version than those expected. */
export function versionConflict(key: unknown, version: Version): CacheError {
  return new CacheError(
    'VERSION_CONFLICT',
    `write of key ${String(key)}: the row stands at version ${version}`,
    { key, version },
  )
}

/** What a write of a row that is not there returns. */
export function absent<Value>(): WriteResult<Value> {
  return { value: undefined, json: undefined, version: 0, existed: false, status: 'confirmed' }
}

function unconfirmed(key: unknown): CacheError {
  return new CacheError(
    'WRITE_UNCONFIRMED',
    `write of key ${String(key)}: committed, but the cache could not be told; readers may see an older value until it is`,
    { key },
  )
}

function written(
  value: unknown,
  version: Version,
  key: unknown,
): RowCommitted & { outcome: 'written' } {
  try {
    return { outcome: 'written', json: encodeValue(value, key), version, existed: true }
  } catch (cause) {
    // committed, but not to be published: the fence must treat the key as one whose value nobody knows
    throw outcomeUnknown(cause, key)
  }
}

function writtenRow(outcome: WriteOutcome<unknown>, key: unknown): RowCommitted {
  if (outcome.outcome !== 'written') return outcome
  return { ...written(outcome.value, outcome.version, key), existed: outcome.existed }
}

function deletedRow(outcome: DeleteOutcome): RowCommitted {
  if (outcome.outcome !== 'deleted') return outcome
  return { outcome: 'written', json: null, version: outcome.version }
}

function refuseVersions(versions: readonly Version[] | undefined): void {
  if (versions !== undefined) throw lacks('ifVersion')
}
