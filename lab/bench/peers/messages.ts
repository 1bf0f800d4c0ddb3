/** What a process is to do, over and over. */
export interface Assignment {
  readonly peer: string
  readonly form: string
  readonly asks: AskName
  /** How many there are. */
  readonly keys: number
  /** Calls under way at once. */
  readonly inFlight: number
  /** Of 127.0.0.1; 0 where none is needed. */
  readonly redisPort: number
}

/** One value, its text, or the values of fifty keys. */
export type AskName = 'value' | 'text' | 'many'

/** To the process of a contender: one at a time, each answered by a report. */
export type Order =
  | { readonly kind: 'warm' }
  | { readonly kind: 'check' }
  | { readonly kind: 'collect garbage' }
  | { readonly kind: 'count allocation' }
  | { readonly kind: 'run'; readonly operations: number }
  | { readonly kind: 'stampede'; readonly key: string; readonly callers: number }

/** From the process of a contender. */
export type Report =
  | { readonly kind: 'done'; readonly figures?: RunFigures }
  | { readonly kind: 'failed'; readonly message: string }

/** Of one run, without what its orders cost. */
export interface RunFigures {
  /** On the monotonic clock that all processes of the machine share, in milliseconds. */
  readonly startedAt: number
  readonly endedAt: number
  /** What the operations took, which is less where something went before or after. */
  readonly ms: number
  readonly cpuUs: number
  /** NaN until it was told to count them. */
  readonly allocatedBytes: number
  readonly loads: number
}
