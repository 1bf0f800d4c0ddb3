import type { CacheControl, CacheWriter, JournaledCache } from '../contract/cache.ts'
import { InvalidArgumentError } from '../contract/errors.ts'
import type { Journal, JournalFigures, JournalingStore } from '../contract/journal.ts'
import type { FlushableSource, Source, VersionedSource } from '../contract/source.ts'
import { Acknowledger } from '../mechanisms/acknowledger.ts'
import { cacheControl } from '../mechanisms/control.ts'
import type { Core } from '../mechanisms/core.ts'
import { DeadLetters } from '../mechanisms/dead-letters.ts'
import { durationMs } from '../mechanisms/duration.ts'
import { Enqueuer } from '../mechanisms/enqueuer.ts'
import { type FlushListener, givenUp } from '../mechanisms/flush-batches.ts'
import { Flusher } from '../mechanisms/flusher.ts'
import { Idempotency } from '../mechanisms/idempotency.ts'
import { type PersistOutcome, PersistWaits } from '../mechanisms/persist-waits.ts'
import { UniqueValues } from '../mechanisms/unique-values.ts'
import { WrittenValues } from '../mechanisms/written-values.ts'
import type { WriteBehindPolicy } from './options.ts'
import type { SourceReads } from './read-through.ts'
import { checkedInteger, defaults } from './settings.ts'
import { WriteBehind } from './write-behind.ts'

interface JournaledParts<Key, Value> {
  readonly core: Core<Key>
  readonly source: Source<Key, Value> | VersionedSource<Key, Value>
  readonly reads: SourceReads<Key, Value>
  readonly write: WriteBehindPolicy<Value>
  readonly refreshesAhead: boolean
}

/** The parts of a cache whose writes wait in a journal. */
export interface Journaled<Key, Value> {
  readonly control: CacheControl<Key, Value>
  readonly writer: CacheWriter<Key, Value>
  readonly journal: Pick<
    JournaledCache<Key, Value>,
    'flush' | 'deadLetters' | 'retryDeadLetter' | 'discardDeadLetter'
  >
}

/** Puts write-behind together, from checked options. */
export function journaled<Key, Value>(parts: JournaledParts<Key, Value>): Journaled<Key, Value> {
  const { core, reads } = parts
  const settings = checkedPolicy(parts.write)
  const { delayMs } = settings
  const source = flushable(parts.source)
  const store = journaling(core)
  const journal = store.journal(core.settings.prefix, settings.limits, source.versionFloor)

  const waits = new PersistWaits(core, journal, async (id) => {
    const row = await source.load(source.parseKey(core.keys.textOf(id)), {
      signal: AbortSignal.timeout(core.settings.loadDeadlineMs),
    })
    return row?.version
  })
  const settle = (id: string, withinMs: number) => settled(core, journal, { waits, id, withinMs })
  const unique = new UniqueValues<Key, Value>({
    core,
    journal,
    unique: parts.write.unique ?? {},
    delayMs,
    async settle(id) {
      await settle(id, core.settings.writeDeadlineMs)
    },
  })
  const flusher = new Flusher<Key, Value>(core, journal, source, {
    ...settings,
    listener: listenerFor(core, waits, unique),
  })
  const acknowledger = new Acknowledger<Key, Value>({
    core,
    waits,
    durability: settings.durability,
  })
  const { maxKeys } = settings.limits
  const { onFull } = settings
  const common = { core, source, journal }
  const enqueuer = new Enqueuer<Key, Value>({ ...common, flusher, delayMs, onFull, maxKeys })
  const idempotency = new Idempotency<Key, Value>(common)
  const shared = { core, source, enqueuer, acknowledger, unique }
  const written = journal.pollMs === undefined ? undefined : new WrittenValues()
  const letters = new DeadLetters<Key, Value>({ ...shared, journal, delayMs })
  return {
    control: controlOf<Key, Value>(core, { flusher, journal, waits, ...parts }),
    writer: new WriteBehind<Key, Value>({ ...shared, reads, idempotency, written }),
    journal: {
      async flush(key) {
        core.assertOpen()
        if (key === undefined) return flusher.flush()
        flusher.expect(core.storeNow())
        const outcome = await settle(core.keys.encode(key), Number.POSITIVE_INFINITY)
        if (outcome === 'late') throw givenUp()
      },
      deadLetters: () => letters.all(),
      retryDeadLetter: (key, change, options = {}) => letters.retry(key, change, options),
      discardDeadLetter: (key) => letters.discard(key),
    },
  }
}

function checkedPolicy(write: WriteBehindPolicy<never>) {
  const hour = 3_600_000
  const whole = (name: 'maxDirtyKeys' | 'maxDirtyBytes' | 'flushBatchSize', max: number) =>
    checkedInteger(name, write[name] ?? defaults[name], 1, max)
  const { onFull = defaults.onFull, durability = defaults.durability, unique = {} } = write
  if (!['sync', 'reject', 'block'].includes(onFull)) {
    throw new InvalidArgumentError('onFull', "'sync', 'reject' or 'block'", onFull)
  }
  if (!['accepted', 'persisted'].includes(durability)) {
    throw new InvalidArgumentError('durability', "'accepted' or 'persisted'", durability)
  }
  for (const [name, of] of Object.entries(unique)) {
    if (typeof of === 'function' && !name.includes(':')) continue
    throw new InvalidArgumentError('unique', 'functions, under names without a colon', unique)
  }
  return {
    limits: { maxKeys: whole('maxDirtyKeys', 1e7), maxBytes: whole('maxDirtyBytes', 2 ** 40) },
    delayMs: durationMs('delay', write.delay ?? defaults.delay, { minMs: 0, maxMs: hour }),
    batchSize: whole('flushBatchSize', 1_000),
    drainMs: durationMs('drainFor', write.drainFor ?? defaults.drainFor, {
      minMs: 0,
      maxMs: hour / 6,
    }),
    onFull,
    durability,
  }
}

function flushable<Key, Value>(
  source: Source<Key, Value> | VersionedSource<Key, Value>,
): FlushableSource<Key, Value> {
  const target = source as FlushableSource<Key, Value>
  if (typeof target.flush === 'function' && typeof target.raiseEpochs === 'function') return target
  throw new InvalidArgumentError('source', 'a source that can be flushed to', source)
}

function journaling<Key>(core: Core<Key>): JournalingStore {
  const store = core.store.store as JournalingStore
  if (typeof store.journal === 'function') return store
  throw new InvalidArgumentError('store', 'a store with a journal, such as memoryStore()', store)
}

function listenerFor<Key, Value>(
  core: Core<Key>,
  waits: PersistWaits<Key>,
  unique: UniqueValues<Key, Value>,
): FlushListener {
  return {
    flushed(rows, freed) {
      if (freed.length > 0) unique.freed(rows, freed)
      waits.flushed(rows)
    },
    parked(letter) {
      unique.refused(letter)
      waits.flushed([letter])
    },
    // in the background: a flush that is due does not wait for it
    passed: (partitions) => core.background.run('renew-claims', () => unique.renew(partitions)),
  }
}

/** What is dirty of the key now is due at once, and waited for; `undefined`: nothing is. */
async function settled<Key>(
  core: Core<Key>,
  journal: Journal,
  wait: {
    readonly waits: PersistWaits<Key>
    readonly id: string
    readonly withinMs: number
  },
): Promise<PersistOutcome | undefined> {
  const { waits, id, withinMs } = wait
  const state = await core.store.read('get', (store) => store.get(id))
  const isDirty = (state?.kind === 'value' || state?.kind === 'negative') && state.isDirty
  if (!isDirty) return undefined
  await core.store.write('hurry', () => journal.hurry(id))
  const { version, kind } = state
  return waits.until({ id, version, isDelete: kind === 'negative' }, withinMs)
}

function controlOf<Key, Value>(
  core: Core<Key>,
  parts: {
    readonly flusher: Flusher<Key, Value>
    readonly journal: Journal
    readonly waits: PersistWaits<Key>
    readonly refreshesAhead: boolean
  },
): CacheControl<Key, Value> {
  const { flusher, journal, waits, refreshesAhead } = parts
  const figures = lastFigures(core, journal)
  return cacheControl<Key, Value>(core, {
    refreshesAhead,
    journalFigures: async () => ({
      ...(await figures()),
      breaker: flusher.breakerState,
      drainRate: Math.round(flusher.rate.perSecond),
    }),
    async onClose() {
      await flusher.close()
      waits.close()
      const { dirty } = await figures()
      if (dirty === 0) return
      core.emitter.emit({ type: 'left-in-journal', cache: core.settings.name, rows: dirty })
    },
  })
}

/** The journal's figures; while the store does not answer, the last ones that it told. */
function lastFigures<Key>(core: Core<Key>, journal: Journal): () => Promise<JournalFigures> {
  let last: JournalFigures = { dirty: 0, bytes: 0, oldestMs: 0, deadLetters: 0 }
  return async () => {
    try {
      last = await core.store.read('figures', () => journal.figures())
    } catch {
      // reported by the guard; figures must be readable above all when something is wrong
    }
    return last
  }
}
