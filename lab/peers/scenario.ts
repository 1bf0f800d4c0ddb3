import type { Stage } from './stage.ts'

/** One cell of the table. */
export interface Finding {
  readonly column: string
  /** What the table shows. */
  readonly cell: string
  /** What it was made of. */
  readonly measured?: unknown
}

/** One situation that every form of every peer is put in, on a Redis of its own. */
export interface Scenario {
  /** Several scenarios may share a number: one situation, in several ways. */
  readonly number: number
  readonly name: string
  /** Its figures are times of single answers: fewer run beside it. */
  readonly isTimed: boolean
  /** All that it fills. */
  readonly columns: readonly string[]
  play(stage: Stage): Promise<readonly Finding[]>
}
