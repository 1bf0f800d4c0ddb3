import type { Cache, CacheAside, Lookup, WriteResult } from '../../contract/cache.ts'
import type {
  ExploredRow,
  Operation,
  OperationContext,
  ReadAnswer,
  WriteAnswer,
} from './scenario.ts'

type Rows = Cache<string, ExploredRow>
type Aside = CacheAside<string, ExploredRow>

/** Operations of a cache in front of a source, ready to be put into scripts. */
export const cacheOperations = {
  get: reading<Rows>('get', (cache, { key }) => cache.lookup(key)),
  freshGet: reading<Rows>('fresh get', (cache, { key }) => cache.lookup(key, { fresh: true })),
  update: writing<Rows>('update', (cache, { key, row }) => cache.update(key, row)),
  put: writing<Rows>('put', (cache, { key, row }) => cache.put(key, row)),
  delete: writing<Rows>('delete', (cache, { key }) => cache.delete(key), true),
  mutate: {
    kind: 'write',
    name: 'mutate',
    async run(cache, { key, row, source }) {
      const commit = () => source.update(key, row, { deadlineAt: Number.POSITIVE_INFINITY })
      const { result, status } = await cache.mutate([key], commit)
      return { status: result.outcome === 'written' ? status : 'nothing' }
    },
  } as Operation<Rows>,
  invalidate: touching<Rows>('invalidate', (cache, { key }) => cache.invalidate(key)),
  refresh: touching<Rows>('refresh', (cache, { key }) => cache.refresh(key)),
} as const

/** Operations of an application that uses a cache-aside cache and the source itself. */
export const asideOperations = {
  /** `lookupOrLoad`. */
  get: reading<Aside>('get', (cache, { key, source }) =>
    cache.lookupOrLoad(key, async ({ signal, version }) => {
      const row = await source.load(key, { signal })
      version(row?.version ?? 0)
      return row?.value
    }),
  ),
  /** `acquire`, a load, and `fill` or `pass`. */
  slot: reading<Aside>('slot', async (cache, { key, source }) => {
    await using slot = await cache.acquire(key)
    if (slot.status === 'hit') return slot.lookup
    const row = await source.load(key, { signal: new AbortController().signal })
    const { value, version = 0 } = row ?? {}
    return slot.status === 'miss' ? slot.fill(value, { version }) : slot.pass(value, { version })
  }),
  /** The commit, then `invalidate`. */
  update: {
    kind: 'write',
    name: 'update',
    async run(cache, { key, row, source }) {
      await source.update(key, row, { deadlineAt: Number.POSITIVE_INFINITY })
      return { status: await cache.invalidate(key) }
    },
  } as Operation<Aside>,
  delete: {
    kind: 'write',
    name: 'delete',
    isDelete: true,
    async run(cache, { key, source }) {
      const deleted = await source.delete(key, { deadlineAt: Number.POSITIVE_INFINITY })
      const status = await cache.invalidate(key)
      if (deleted.outcome !== 'deleted') return { status: 'nothing' }
      return { status, version: deleted.version }
    },
  } as Operation<Aside>,
} as const

function reading<C>(
  name: string,
  look: (cache: C, context: OperationContext) => Promise<Lookup<ExploredRow>>,
): Operation<C> {
  return {
    kind: 'read',
    name,
    async run(cache, context): Promise<ReadAnswer> {
      const { json, version, isStale } = await look(cache, context)
      return { row: json === undefined ? undefined : JSON.parse(json), version, isStale }
    },
  }
}

function writing<C>(
  name: string,
  write: (cache: C, context: OperationContext) => Promise<WriteResult<ExploredRow>>,
  isDelete = false,
): Operation<C> {
  return {
    kind: 'write',
    name,
    isDelete,
    async run(cache, context): Promise<WriteAnswer> {
      const { status, version } = await write(cache, context)
      if (version === 0) return { status: 'nothing' }
      return { status: status === 'unconfirmed' ? status : 'confirmed', version }
    },
  }
}

function touching<C>(
  name: string,
  run: (cache: C, context: OperationContext) => Promise<unknown>,
): Operation<C> {
  return { kind: 'touch', name, run }
}
