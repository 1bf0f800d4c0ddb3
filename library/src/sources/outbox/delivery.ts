import type { CacheControl } from '../../contract/cache.ts'
import type { Clock } from '../../contract/clock.ts'
import type { Version } from '../../contract/entry.ts'
import { CacheError, hasCode } from '../../contract/errors.ts'
import type { Outbox, OutboxRow } from './outbox.ts'

/** Who is told of a change of a key. */
export interface Hearers<Key> {
  readonly parseKey: Outbox<Key>['parseKey']
  readonly caches: readonly Pick<CacheControl<Key, never>, 'invalidateUpTo'>[]
  readonly clock: Clock
}

/** What became of the rows of a batch. */
export interface Delivery {
  readonly rows: number
  readonly lastId: string
  /** Distinct keys of those that are done. */
  readonly keys: number
  /** Ids of the rows of which nobody needs to be told any more, refused ones among them. */
  readonly done: readonly string[]
  /** When the oldest of those was recorded, by this clock. */
  readonly oldestAt: number
  readonly refused: readonly Refusal[]
  readonly unanswered: number
  readonly error: unknown
}

/** A change that no cache can hold. */
export interface Refusal {
  readonly key: string
  readonly version: Version
  readonly error: unknown
}

// A database ends a transaction that idles for longer than 2 s (`pgOptions`): its rows are another relay's then.
const answerWithinMs = 1_500

/** Tells every cache of the newest change of each key. Never rejects. */
export async function deliver<Key>(
  rows: readonly OutboxRow[],
  hearers: Hearers<Key>,
): Promise<Delivery> {
  const claimedAt = hearers.clock.now()
  const changes = newestOfEachKey(rows)
  const told = await Promise.all(changes.map((change) => tell(change, hearers)))
  const done = changes.filter((_, index) => told[index]?.outcome !== 'unanswered')
  const unanswered = told.find(({ outcome }) => outcome === 'unanswered')
  return {
    rows: rows.length,
    lastId: rows.at(-1)?.id ?? '0',
    keys: done.length,
    done: done.flatMap(({ ids }) => ids),
    oldestAt: claimedAt - Math.max(0, ...done.map(({ ageMs }) => ageMs)),
    refused: changes.flatMap(({ key, version }, index) => {
      const { outcome, error } = told[index] as Told
      return outcome === 'refused' ? [{ key, version, error }] : []
    }),
    unanswered: rows.length - done.reduce((sum, { ids }) => sum + ids.length, 0),
    error: unanswered?.error,
  }
}

/** A key's rows as one: a store that has heard of the newest version needs not hear of older ones. */
interface Change {
  readonly key: string
  version: Version
  ageMs: number
  readonly ids: string[]
}

function newestOfEachKey(rows: readonly OutboxRow[]): Change[] {
  const changes = new Map<string, Change>()
  for (const { id, key, version, ageMs } of rows) {
    const change = changes.get(key) ?? { key, version, ageMs, ids: [] }
    change.version = Math.max(change.version, version)
    change.ageMs = Math.max(change.ageMs, ageMs)
    change.ids.push(id)
    changes.set(key, change)
  }
  return [...changes.values()]
}

interface Told {
  readonly outcome: 'told' | 'refused' | 'unanswered'
  readonly error?: unknown
}

async function tell<Key>(
  { key, version }: Change,
  { parseKey, caches, clock }: Hearers<Key>,
): Promise<Told> {
  const answers = await Promise.allSettled(
    caches.map(async (cache) => within(cache.invalidateUpTo(parseKey(key), version), clock)),
  )
  const errors = answers.flatMap((answer) => ('reason' in answer ? [answer.reason as unknown] : []))
  const open = errors.filter((error) => !isRefusal(error))
  if (open.length > 0) return { outcome: 'unanswered', error: open[0] }
  return errors.length > 0 ? { outcome: 'refused', error: errors[0] } : { outcome: 'told' }
}

/** Whether the key or the version is none to this cache, so that it holds nothing of it. */
function isRefusal(error: unknown): boolean {
  return hasCode(error, 'INVALID_KEY') || hasCode(error, 'INVALID_ARGUMENT')
}

async function within(answer: Promise<void>, clock: Clock): Promise<void> {
  let cancel = () => {}
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(answerWithinMs, () => {
      reject(new CacheError('STORE_TIMEOUT', `outbox: no answer within ${answerWithinMs} ms`))
    })
  })
  try {
    await Promise.race([answer, late])
  } finally {
    cancel()
  }
}
