import type { OperationKind } from './operation.ts'
import { synthetic } from './synthetic.ts'
import { notesOnBytes, takenBytes } from './value-bytes.ts'
import type { Workload } from './workload.ts'

export interface HandOptions {
  /** Parts in any unit; what is missing is 0. */
  readonly mix: Partial<Readonly<Record<OperationKind, number>>>
  /** Zipf's exponent, 0 (all users alike) to 3. */
  readonly skew: number
  readonly keys: number
  /** Length of the JSON of a user that was written; 0: as long as it happens to be. */
  readonly valueBytes: number
  readonly ttlMs?: number
  readonly seed: number
}

/** A workload whose figures somebody chose. Throws a `RangeError` for what cannot be drawn. */
export function handWorkload(options: HandOptions): Workload {
  return synthetic({
    ...options,
    title: 'by hand',
    valueBytes: takenBytes(options.valueBytes),
    notes: notesOnBytes(options.valueBytes),
  })
}
