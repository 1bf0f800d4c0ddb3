import type { JournalChange, JournalFile, JournalLog, LoggedJournal } from 'caching-patterns/memory'
import * as fc from 'fast-check'
import { type JournalFileOptions, openOn } from '../../src/stores/memory/journal-file.ts'
import { PretendDisk } from './pretend-disk.ts'

export const folder = '/data/journal'
export const path = '/data/journal/journal.log'
export const unfinishedPath = '/data/journal/journal.log.new'
export const prefix = 'test:users:1:'

/** Opens the file of a pretended disk, written anew as soon as it is worth it at all. */
export function openFile(
  disk: PretendDisk,
  options: Partial<JournalFileOptions> = {},
  smallBytes?: number,
) {
  return openOn(disk, { folder, ...options }, smallBytes)
}

/** A write of `key`, with what does not matter filled in. */
export function dirty(key: string, version: number, more: Partial<Dirty> = {}): Dirty {
  const at = 1_000 + version
  return {
    kind: 'dirty',
    key: prefix + key,
    version,
    flushed: 0,
    enqueuedAt: at,
    storedAt: at,
    dueAt: at + 1_000,
    json: JSON.stringify({ key, version }),
    frees: [],
    isRetry: false,
    ...more,
  }
}

type Dirty = Extract<JournalChange, { kind: 'dirty' }>
type Reserved = Extract<JournalChange, { kind: 'reserved' }>

/** A file with these steps, and where each of them ends. */
export async function written(steps: readonly (readonly JournalChange[])[]): Promise<{
  readonly disk: PretendDisk
  readonly file: JournalFile
  readonly ends: number[]
}> {
  const disk = new PretendDisk()
  const file = await openFile(disk)
  const ends: number[] = []
  for (const step of steps) {
    void file.log.append(prefix, step)
    ends.push(disk.bytesOf(path)?.length ?? 0)
  }
  return { disk, file, ends }
}

/** What changes come to, as the words of the contract say it: one change after the other, over everything. */
export function foldOf(changes: readonly JournalChange[]): LoggedJournal {
  let dirtyOnes: Dirty[] = []
  let letters: LoggedJournal['letters'] = []
  let reservations: Reserved[] = []
  for (const change of changes) {
    if (change.kind === 'dirty') {
      dirtyOnes = [...dirtyOnes.filter(({ key }) => key !== change.key), change]
      letters = letters.flatMap((letter) => {
        if (letter.key !== change.key) return [letter]
        return change.isRetry ? [] : [{ ...letter, supersededBy: change.version }]
      })
    }
    if (change.kind === 'clean') {
      dirtyOnes = dirtyOnes.filter(
        (each) => each.key !== change.key || each.version > change.version,
      )
    }
    if (change.kind === 'letter') {
      dirtyOnes = dirtyOnes.filter(({ key }) => key !== change.letter.key)
      letters = [...letters.filter(({ key }) => key !== change.letter.key), change.letter]
    }
    if (change.kind === 'discarded') letters = letters.filter(({ key }) => key !== change.key)
    if (change.kind === 'reserved' || change.kind === 'unreserved') {
      reservations = reservations.filter(({ value }) => value !== change.value)
      if (change.kind === 'reserved') reservations.push(change)
    }
  }
  const versions = changes.map((change) =>
    change.kind === 'letter' ? change.letter.version : 'version' in change ? change.version : 0,
  )
  const lastVersion = Math.max(0, ...versions)
  return ordered({ dirty: dirtyOnes, letters, reservations, lastVersion }, latestOf(changes))
}

/** What a log gives back, to be compared with `foldOf` the same changes. */
export function openedOf(log: JournalLog, changes: readonly JournalChange[] = []): LoggedJournal {
  return ordered(log.open(prefix), latestOf(changes))
}

/** In one order, and without claims that are over: a log may forget them. */
function ordered(state: LoggedJournal, latestAt: number): LoggedJournal {
  return {
    dirty: state.dirty.toSorted((a, b) => compare(a.key, b.key)),
    letters: state.letters.toSorted((a, b) => compare(a.key, b.key)),
    reservations: state.reservations
      .filter(({ until }) => until >= latestAt)
      .toSorted((a, b) => compare(a.value, b.value)),
    lastVersion: state.lastVersion,
  }
}

function latestOf(changes: readonly JournalChange[]): number {
  return Math.max(
    0,
    ...changes.map((change) => {
      if (change.kind === 'reserved') return change.stamp / 1_000
      return change.kind === 'dirty' ? change.storedAt : 0
    }),
  )
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}

const key = fc.constantFrom('a', 'b', 'ü\u0000', '\ud800').map((name) => prefix + name)
const value = fc.constantFrom('email:ada@example.com', 'email:b@example.com', 'email:c')
const version = fc.integer({ min: 1, max: 2 ** 53 - 1 })
const instant = fc.double({ min: 0, max: 4e12, noNaN: true, noDefaultInfinity: true })
const json = fc.option(fc.string({ unit: 'binary', maxLength: 300 }), { nil: null })

const dirtyChange = fc.record({
  kind: fc.constant('dirty' as const),
  key,
  version,
  flushed: version,
  enqueuedAt: instant,
  storedAt: instant,
  dueAt: instant,
  json,
  frees: fc.array(value, { maxLength: 2 }),
  isRetry: fc.boolean(),
})
const letter = fc.record({
  key,
  version,
  json,
  sqlstate: fc.constantFrom('23505', '22001'),
  reason: fc.string(),
  attempts: fc.nat(),
  at: instant,
})
const other = fc.oneof(
  fc.record({ kind: fc.constant('clean' as const), key, version }),
  fc.record({ kind: fc.constant('letter' as const), letter }),
  fc.record({ kind: fc.constant('discarded' as const), key }),
  fc.record({
    kind: fc.constant('reserved' as const),
    value,
    holder: fc.string(),
    stamp: fc.integer({ min: 0, max: 4e15 }),
    until: instant,
  }),
  fc.record({ kind: fc.constant('unreserved' as const), value }),
)

/** Any life of a journal, in steps of several changes. */
export const histories: fc.Arbitrary<JournalChange[][]> = fc.array(
  fc.array(fc.oneof(dirtyChange, other), { minLength: 1, maxLength: 4 }),
  { maxLength: 40 },
)
