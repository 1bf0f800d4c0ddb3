import type { ConstraintOption } from './constraints.ts'

/** What one constraint comes to for one pattern. */
export interface Finding {
  readonly option: ConstraintOption
  /** `undecided`: what it takes was not measured. It is never taken for satisfied. */
  readonly outcome: 'holds' | 'broken' | 'undecided'
  /** The limit and the figure, in a sentence. */
  readonly words: string
  /** Of one that is broken: what would have to be allowed. Undefined: nothing that could be allowed is enough. */
  readonly concession?: Concession
}

export interface Concession {
  /** As it would be typed: `--db-budget 250`. */
  readonly argument: string
  /** So many times what is allowed now; infinite where that is nothing. */
  readonly factor: number
}
