import type { Row } from './peer.ts'

/** What became of a call, and after how many milliseconds. */
export type Outcome =
  | { readonly kind: 'row'; readonly row: Row; readonly ms: number }
  /** It resolved, to something that is no row. */
  | { readonly kind: 'nothing'; readonly ms: number }
  | { readonly kind: 'error'; readonly message: string; readonly ms: number }
  /** Nothing within the time that it was given. */
  | { readonly kind: 'silence'; readonly ms: number }
  /** The process ended by itself. */
  | { readonly kind: 'death'; readonly message: string; readonly ms: number }

/** Which cache a process is to open. */
export interface Subject {
  readonly peer: string
  readonly form: string
  readonly redisPort: number
  readonly busPort: number
  readonly ttlMs: number
}

/** What a call asks for: `times` of it in one turn of the event loop. */
export interface Call {
  readonly method: 'get' | 'invalidate' | 'set'
  readonly key: string
  readonly row?: Row | undefined
  readonly times: number
}

/** To the process of a cache. */
export type Order =
  | { readonly kind: 'call'; readonly id: number; readonly call: Call }
  | { readonly kind: 'loaded'; readonly id: number; readonly row: Row }
  | { readonly kind: 'refused'; readonly id: number; readonly message: string }

/** From the process of a cache. */
export type Report =
  | { readonly kind: 'listening' }
  | { readonly kind: 'outcomes'; readonly id: number; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'load'; readonly id: number; readonly key: string }
