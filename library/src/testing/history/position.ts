/**
 * A place in the order of effects. Within a version: its write (0), reads of it (1), a delete of unknown version that
 * comes next (2), reads of that absence (3).
 */
export interface Position {
  readonly version: number
  readonly rank: 0 | 1 | 2 | 3
}

/** Before everything: what was not there from the beginning. */
export const start: Position = { version: Number.NEGATIVE_INFINITY, rank: 0 }

export function isBefore(one: Position, other: Position): boolean {
  return one.version < other.version || (one.version === other.version && one.rank < other.rank)
}
