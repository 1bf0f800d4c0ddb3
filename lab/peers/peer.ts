/** A row of the table behind the caches. Its version grows by one with every write. */
export interface Row {
  /** Its own, for libraries that ask a value for it. */
  readonly key: string
  readonly version: number
  readonly text: string
}

/** What a cache is opened with. */
export interface Circumstances {
  /** Of 127.0.0.1: the entries. */
  readonly redisPort: number
  /** Of 127.0.0.1: the same Redis, by a line of its own, for what tells other processes. */
  readonly busPort: number
  /** Lifetime of an entry in every tier: whole seconds, which is all that some can. */
  readonly ttlMs: number
  /** Reads the row from the table; rejects when the table does. */
  readonly load: (key: string) => Promise<Row>
}

/** A cache as an application would have it: all that the scenarios ask of a library. */
export interface PeerCache {
  /** Answers from the cache, or loads and stores. What the library answers, it answers. */
  get(key: string): Promise<unknown>
  /** Called after the row has changed. Awaited as the library has it awaited. */
  invalidate(key: string): Promise<unknown>
  /** Called after the row has changed, with the new one: the library's way to store what was written. */
  set(key: string, row: Row): Promise<unknown>
  /** The rows of several keys in one call, as an array or a Map; absent where the library has no such call for what is cached. */
  getMany?(keys: readonly string[]): Promise<unknown>
  /** The row as the text that is cached, without a look at it; absent where the library answers values alone. */
  text?(key: string): Promise<{ readonly json: string | undefined }>
}

/** One way to set a library up. */
export interface Form {
  readonly name: string
  /** Where entries are kept, and whether processes tell each other of changes. */
  readonly tiers: 'memory' | 'Redis' | 'memory, Redis' | 'memory, Redis, bus'
  /** Of this configuration, in words. */
  readonly settings: string
  /** The pages that advise it. */
  readonly sources: readonly string[]
  open(circumstances: Circumstances): PeerCache | Promise<PeerCache>
}

/** A library. */
export interface Peer {
  readonly name: string
  /** The packages whose versions belong to its figures. */
  readonly packages: readonly string[]
  readonly forms: readonly Form[]
  /** With entries in the memory of one process alone: nothing is shared, so that no situation has a use for them. */
  readonly inProcess: readonly Form[]
}
