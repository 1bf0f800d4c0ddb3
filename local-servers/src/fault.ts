/** What can be wrong with a line. It holds for connections that are open and for those to come, until another takes its place. */
export type Fault =
  /** Nobody listens (ECONNREFUSED), and open connections are reset. */
  | { readonly kind: 'refuse' }
  /** Open connections are reset; later ones are accepted, and reset at once. */
  | { readonly kind: 'reset' }
  /** Connections stay, and nothing passes in either direction. What was sent meanwhile arrives late, when the fault is lifted: as TCP does it. */
  | { readonly kind: 'black-hole' }
  /** Each chunk, in each direction, arrives by `ms` plus up to `jitterMs` (default 0) later; the order stays. */
  | { readonly kind: 'latency'; readonly ms: number; readonly jitterMs?: number }
  /** A request is passed on and executed; in place of its answer the connection is reset. */
  | { readonly kind: 'drop-reply' }
  /** As `drop-reply`, after the first bytes of the answer: as many as `bytes` says, of the first chunk that comes. */
  | { readonly kind: 'partial-reply'; readonly bytes: number }

export type FaultKind = Fault['kind']

/** Looks at the bytes of one connection, in the order in which they come. Chunks end anywhere. */
export interface Tap {
  /** Bytes for the server, before they are passed on. */
  request(chunk: Buffer): void
  /** Bytes for the client, before they are passed on. `cut`: they never are, and the connection is reset. */
  reply(chunk: Buffer): 'pass' | 'cut'
}
