import type { Failpoint } from './moments.ts'

/** What one pattern promises, and what may be done to it. */
export interface Subject {
  /** Where its rows are. */
  readonly schema: string
  /** PostgreSQL has the last word: what was acknowledged is in it, refused writes are not. */
  readonly isDatabaseTrue: boolean
  /** No read is older than what was confirmed before it began, whatever is lost. */
  readonly isNeverOlder: boolean
  /** The same while the cache keeps what it was told. */
  readonly isNeverOlderWhileKept: boolean
  /** Linearizable while no mark is lost. */
  readonly isLinearizable: boolean
  /** The cache may be emptied. */
  readonly mayLoseCache: boolean
  readonly failpoints: readonly Failpoint[]
}

const around: Subject = {
  schema: '',
  isDatabaseTrue: true,
  isNeverOlder: true,
  isNeverOlderWhileKept: true,
  isLinearizable: false,
  mayLoseCache: true,
  failpoints: ['after-commit-before-end', 'after-load-before-fill', 'after-end-before-answer'],
}

/** The services, and the control: tutorials' cache-aside, which promises nothing. */
export const subjects = {
  'cache-aside': { ...around, schema: 'cache_aside' },
  'read-through': { ...around, schema: 'read_through' },
  'write-through': {
    ...around,
    schema: 'write_through',
    isLinearizable: true,
    failpoints: [...around.failpoints, 'after-begin-before-commit'],
  },
  'refresh-ahead': { ...around, schema: 'refresh_ahead' },
  'write-behind': {
    ...around,
    schema: 'write_behind',
    isDatabaseTrue: false,
    isNeverOlder: false,
    mayLoseCache: false,
    failpoints: ['after-load-before-fill'],
  },
  naive: { ...around, schema: 'naive', isNeverOlder: false, isNeverOlderWhileKept: false },
} as const satisfies Record<string, Subject>

export type SubjectName = keyof typeof subjects
export const subjectNames = Object.keys(subjects) as readonly SubjectName[]
export const patternNames = subjectNames.filter((name) => name !== 'naive')
