import type { CacheWriter, CreateResult, WriteOptions, WriteResult } from '../contract/cache.ts'
import type { Version } from '../contract/entry.ts'
import { CacheError, outcomeUnknown } from '../contract/errors.ts'
import type {
  Change,
  DeleteOutcome,
  Row,
  Source,
  VersionedSource,
  WriteContext,
  WriteOutcome,
} from '../contract/source.ts'
import { LoadedBody } from './answer.ts'
import { type Committed, commitWithin, type WriteFence } from './commit.ts'
import type { Core } from './core.ts'
import { withDeadline } from './deadline.ts'
import { measuredWrite, type WriteOperation, type WriteSubject } from './measured-write.ts'
import { isVersioned, lacks } from './versioned-source.ts'

type RowCommitted = Committed & { readonly existed?: boolean }
type WrittenRow = Extract<RowCommitted, { outcome: 'written' }>
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
    const subject: WriteSubject = { operation: 'create', id: '' }
    return measuredWrite(this.#core, subject, () =>
      isVersioned(source)
        ? this.#createVersioned(source, value, subject)
        : this.#createPlain(source, value, subject),
    )
  }

  async update(
    key: Key,
    change: Change<Value>,
    options: WriteOptions = {},
  ): Promise<WriteResult<Value>> {
    const source = this.#source
    const versions = expectedVersions(options)
    if (isVersioned(source)) {
      return this.#write('update', key, async (context) =>
        this.#writtenRow(await source.update(key, change, { ...context, versions }), key),
      )
    }
    const update = operationOf(source, 'update', versions)
    return this.#write('update', key, async (context) => {
      const value = await update(key, change, context)
      return value === null || value === undefined
        ? { outcome: 'missing' }
        : this.#written({ value, version: 0 }, key)
    })
  }

  async put(key: Key, value: Value, options: WriteOptions = {}): Promise<WriteResult<Value>> {
    const source = this.#source
    const versions = expectedVersions(options)
    await this.#core.encode(value, key)
    if (isVersioned(source)) {
      return this.#write('put', key, async (context) =>
        this.#writtenRow(await source.put(key, value, { ...context, versions }), key),
      )
    }
    const put = operationOf(source, 'put', versions)
    return this.#write('put', key, async (context) =>
      this.#written({ value: await put(key, value, context), version: 0 }, key),
    )
  }

  async delete(key: Key, options: WriteOptions = {}): Promise<WriteResult<Value>> {
    const source = this.#source
    const versions = expectedVersions(options)
    if (isVersioned(source)) {
      return this.#write('delete', key, async (context) =>
        deletedRow(await source.delete(key, { ...context, versions })),
      )
    }
    const remove = operationOf(source, 'delete', versions)
    return this.#write('delete', key, async (context) =>
      (await remove(key, context))
        ? { outcome: 'written', json: null, version: 0 }
        : { outcome: 'missing' },
    )
  }

  async mutate<Result>(keys: readonly Key[], commit: () => Promise<Result>) {
    this.#core.assertOpen()
    const ids = [...new Set(keys.map((key) => this.#core.keys.encode(key)))]
    return measuredWrite(this.#core, { operation: 'mutate', id: ids.join(' ') }, () =>
      this.#fence.runOpaque(ids, commit),
    )
  }

  async #createVersioned(
    source: VersionedSource<Key, Value>,
    value: Partial<Value>,
    subject: WriteSubject,
  ) {
    // the key is drawn before the transaction, so that an insert runs the same protocol as an update
    const key = await drawKey(this.#core, source)
    subject.id = this.#core.keys.encode(key)
    const result = await this.#run(subject.id, key, async (context) => ({
      ...(await this.#written(await source.insert(key, value, context), key)),
      existed: false,
    }))
    return { ...result, key } as CreateResult<Key, Value>
  }

  async #createPlain(source: Source<Key, Value>, value: Partial<Value>, subject: WriteSubject) {
    const insert = operationOf(source, 'insert', undefined)
    const { clock, settings, background, invalidator, keys } = this.#core
    let late: string | undefined
    const inserted = await commitWithin(
      async (context) => {
        const row = await insert(value, context)
        late = keys.encode(row.key)
        return row
      },
      settings.writeDeadlineMs,
      {
        clock,
        onLate() {
          const id = late
          if (id !== undefined) background.run('invalidate-later', () => invalidator.invalidate(id))
        },
      },
    )
    subject.id = keys.encode(inserted.key)
    // the cache hears of it only after the commit, since nobody knew the key before
    const result = await this.#run(subject.id, inserted.key, async () => ({
      ...(await this.#written({ value: inserted.value, version: 0 }, inserted.key)),
      existed: false,
    }))
    return { ...result, key: inserted.key } as CreateResult<Key, Value>
  }

  async #write(
    operation: WriteOperation,
    key: Key,
    commit: (context: WriteContext) => Promise<RowCommitted>,
  ): Promise<WriteResult<Value>> {
    this.#core.assertOpen()
    const id = this.#core.keys.encode(key)
    return measuredWrite(this.#core, { operation, id }, () => this.#run(id, key, commit))
  }

  async #run(
    id: string,
    key: Key,
    commit: (context: WriteContext) => Promise<RowCommitted>,
  ): Promise<WriteResult<Value>> {
    const { committed, status } = await this.#fence.run(id, commit)
    if (committed.outcome === 'conflict') throw versionConflict(key, committed.version)
    if (committed.outcome === 'missing') return absent()
    const body = new LoadedBody(committed.json, committed.version)
    return {
      value: body.value as WriteResult<Value>['value'],
      json: body.json,
      version: committed.version,
      existed: committed.existed ?? true,
      status,
    }
  }

  /** A committed row as a load of it would show it. */
  async #written({ value, version }: Row<Value>, key: Key): Promise<WrittenRow> {
    try {
      return { outcome: 'written', json: await this.#core.encode(value, key), version }
    } catch (cause) {
      // committed, but not to be published: the fence must treat the key as one whose value nobody knows
      throw outcomeUnknown(cause, key)
    }
  }

  async #writtenRow(outcome: WriteOutcome<Value>, key: Key): Promise<RowCommitted> {
    if (outcome.outcome !== 'written') return outcome
    return { ...(await this.#written(outcome, key)), existed: outcome.existed }
  }
}

/** A key for a row to come. Rejects with `WRITE_TIMEOUT` past the write deadline. */
export function drawKey<Key>(
  { settings, clock }: Core<Key>,
  source: Pick<VersionedSource<Key, unknown>, 'nextKey'>,
): Promise<Key> {
  const ms = settings.writeDeadlineMs
  return withDeadline(
    source.nextKey(),
    ms,
    clock,
    () =>
      new CacheError(
        'WRITE_TIMEOUT',
        `create: no key was drawn within ${ms} ms; nothing was written`,
      ),
  )
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

function deletedRow(outcome: DeleteOutcome): RowCommitted {
  if (outcome.outcome !== 'deleted') return outcome
  return { outcome: 'written', json: null, version: outcome.version }
}

/** An operation of a plain source. Throws `UNSUPPORTED` where it has none, or no versions to compare. */
function operationOf<Key, Value, Name extends 'insert' | 'update' | 'put' | 'delete'>(
  source: Source<Key, Value>,
  name: Name,
  versions: readonly Version[] | undefined,
): Required<Source<Key, Value>>[Name] {
  if (versions !== undefined) throw lacks('ifVersion')
  const operation = source[name]
  if (operation === undefined) throw lacks(name)
  return operation.bind(source) as Required<Source<Key, Value>>[Name]
}
