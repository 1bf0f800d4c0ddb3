import type { Failpoint } from './moments.ts'

/** What one pattern promises, and what may be done to it. */
export interface Subject {
  /** Where its rows are. */
  readonly schema: string
  /** Linearizable while no mark is lost. */
  readonly isLinearizable: boolean
  readonly failpoints: readonly Failpoint[]
  /** Redis has the last word, and the database follows: all that was acknowledged is accounted for in a ledger. */
  readonly hasLedger: boolean
  /** A control, which promises nothing. Default: a service. */
  readonly isControl?: boolean
}

const around: Subject = {
  schema: '',
  isLinearizable: false,
  failpoints: ['after-commit-before-end', 'after-load-before-fill', 'after-end-before-answer'],
  hasLedger: false,
}

const behind: Subject = {
  schema: '',
  isLinearizable: false,
  failpoints: [
    'after-commit-before-ack',
    'after-enqueue-before-answer',
    'after-claim-before-flush',
  ],
  hasLedger: true,
}

/** The services, and the controls: cache-aside and write-behind as tutorials show them. */
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
    ...behind,
    schema: 'write_behind',
    failpoints: [...behind.failpoints, 'after-load-before-fill'],
  },
  naive: { ...around, schema: 'naive', isControl: true },
  'naive-write-behind': {
    ...behind,
    schema: 'naive_write_behind',
    failpoints: [...behind.failpoints, 'after-set-before-push'],
    isControl: true,
  },
} as const satisfies Record<string, Subject>

export type SubjectName = keyof typeof subjects
export const subjectNames = Object.keys(subjects) as readonly SubjectName[]

/** What the name stands for, without what its type says of each alone. */
export function subjectOf(name: SubjectName): Subject {
  return subjects[name]
}

export const patternNames = subjectNames.filter((name) => !subjectOf(name).isControl)

/** The control that is given the same clients and faults. */
export function controlOf(name: SubjectName): SubjectName {
  return subjectOf(name).hasLedger ? 'naive-write-behind' : 'naive'
}
