import type { Awaitable } from '../../contract/awaitable.ts'
import type {
  AckTerms,
  DirtyEntry,
  DirtyKey,
  EnqueueResult,
  Precondition,
} from '../../contract/journal.ts'
import { type Entry, StoredAbsence } from './entries.ts'
import type { JournalChange } from './journal-log.ts'
import type { DirtyWrite, Held } from './space.ts'

/** The partition of a journal in memory: it has one. */
export const only = 0

/** What the store knows of the row. An expired value that is kept for grace is not knowledge. */
export function knownEntry(held: Held | undefined, now: number): Entry | undefined {
  if (held?.kind !== 'value' && held?.kind !== 'negative') return undefined
  return held.hardAt > now ? held : undefined
}

export function refusalOf(
  precondition: Precondition,
  known: Entry | undefined,
): EnqueueResult | undefined {
  if (precondition === 'any') return undefined
  if (known === undefined) return { outcome: 'load-first' }
  if (known.kind === 'negative')
    return precondition === 'absent' ? undefined : { outcome: 'missing' }
  const isMet =
    precondition === 'exists' ||
    (precondition !== 'absent' && precondition.version === known.version)
  return isMet ? undefined : { outcome: 'conflict', version: known.version }
}

export function keyOf({ key, dueAt }: DirtyWrite): DirtyKey {
  return { key, partition: only, dueAt }
}

export function shown({ key, entry, enqueuedAt, dueAt }: DirtyWrite): DirtyEntry {
  return { key, partition: only, version: entry.version, json: jsonOf(entry), enqueuedAt, dueAt }
}

export function changeOf(write: DirtyWrite, isRetry: boolean): JournalChange {
  const { key, entry, flushed, enqueuedAt, dueAt, frees } = write
  const { version, storedAt } = entry
  const json = jsonOf(entry)
  return {
    kind: 'dirty',
    key,
    version,
    flushed,
    enqueuedAt,
    storedAt,
    dueAt,
    json,
    frees,
    isRetry,
  }
}

export function settled<T>(result: T, isDown: Promise<void> | undefined): Awaitable<T> {
  return isDown === undefined ? result : isDown.then(() => result)
}

function jsonOf(entry: Entry): string | null {
  return entry.kind === 'value' ? entry.json : null
}

export function cleanEntryOf(entry: Entry, terms: AckTerms, now: number): Entry {
  if (entry.kind === 'negative') {
    const times = { storedAt: entry.storedAt, hardAt: now + terms.negativeTtlMs }
    return new StoredAbsence(entry.version, times, false)
  }
  const hardAt = now + terms.ttlMs
  const softAt = now + terms.softTtlMs
  return entry.with({ isDirty: false, softAt, hardAt, goneAt: hardAt + terms.graceMs })
}
