import type { Records } from './records.ts'

/** Records of a subject while they are made. */
export type Notebook = { -readonly [Kind in keyof Records]: Records[Kind][number][] }

export function newNotebook(): Notebook {
  return {
    reads: [],
    writes: [],
    mixed: [],
    hotKey: [],
    staleness: [],
    lag: [],
    kills: [],
    redisFrozen: [],
    postgresDown: [],
  }
}
