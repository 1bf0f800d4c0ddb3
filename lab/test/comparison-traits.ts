import type { SubjectName } from '../compare/subject.ts'

/** How a subject behaves: medians that its samples are drawn around. */
export interface Traits {
  readonly reads: number
  readonly writes: number
  readonly hitMs: number | undefined
  readonly missMs: number
  readonly writeMs: number
  readonly hitRatio: number
  readonly statements: number
  /** Loads at each expiry of the hot key. */
  readonly herd: number
  readonly staleShare: number
  readonly lagMs: number
  readonly lost: number
  readonly frozenReads: number
  readonly frozenWrites: number
  readonly downWrites: number
}

const around: Traits = {
  reads: 9_200,
  writes: 2_300,
  hitMs: 0.62,
  missMs: 1.9,
  writeMs: 2.8,
  hitRatio: 0.86,
  statements: 310,
  herd: 1,
  staleShare: 0,
  lagMs: 0.4,
  lost: 0,
  frozenReads: 0.93,
  frozenWrites: 0.9,
  downWrites: 0,
}

export const traits: Readonly<Record<SubjectName, Traits>> = {
  'cache-aside': around,
  'read-through': { ...around, reads: 9_250 },
  'write-through': {
    ...around,
    writeMs: 3.4,
    writes: 1_900,
    hitRatio: 0.91,
    statements: 260,
    frozenWrites: 0,
  },
  'write-behind': {
    ...around,
    writeMs: 0.9,
    writes: 7_400,
    hitRatio: 0.91,
    statements: 84,
    lagMs: 1_040,
    frozenWrites: 0,
    downWrites: 0.98,
  },
  'refresh-ahead': { ...around, reads: 9_180, hitRatio: 0.93, statements: 335, herd: 0.6 },
  'no-cache': {
    ...around,
    hitMs: undefined,
    reads: 3_900,
    hitRatio: 0,
    statements: 1_002,
    herd: 900,
    frozenReads: 1,
    frozenWrites: 1,
  },
  naive: {
    ...around,
    reads: 11_300,
    hitMs: 0.5,
    herd: 64,
    staleShare: 0.21,
    frozenReads: 0,
    frozenWrites: 0,
  },
  'naive-write-behind': {
    ...around,
    writeMs: 0.7,
    writes: 8_900,
    herd: 64,
    staleShare: 0.13,
    lagMs: 190,
    lost: 41,
    frozenReads: 0,
    frozenWrites: 0,
    downWrites: 1,
  },
}
