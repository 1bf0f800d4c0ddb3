import type { Clock } from '../../contract/clock.ts'
import type { Version } from '../../contract/entry.ts'
import type { VersionedSource } from '../../contract/source.ts'
import type { Store } from '../../contract/store.ts'

/** The rows of an exploration: `by` names the operation that wrote it, so that no two writes look alike. */
export interface ExploredRow {
  readonly by: string
}

/** What a process is opened with. Every call of `store` and `source` waits for the schedule. */
export interface Ports {
  readonly store: Store
  readonly source: VersionedSource<string, ExploredRow>
  /** Stands still until the schedule moves it. */
  readonly clock: Clock
  /** The same numbers in every schedule. */
  readonly random: () => number
}

/** What an operation is told. */
export interface OperationContext extends Ports {
  /** The one key of the exploration. */
  readonly key: string
  /** What a write of this operation stores. */
  readonly row: ExploredRow
}

/** What a read answered: the row, or `undefined` when it said that there is none. */
export interface ReadAnswer {
  readonly row: ExploredRow | undefined
  /** The version that the answer carries; 0 or absent when it carries none. */
  readonly version?: Version
  /** Labelled as possibly old: nothing is promised. */
  readonly isStale?: boolean
}

/** What a write answered. A write that rejects has promised nothing. */
export interface WriteAnswer {
  /** `nothing`: there was no row, and nothing was written. */
  readonly status: 'confirmed' | 'unconfirmed' | 'nothing'
  /** Needed of a delete: the row that it would be known by is gone. */
  readonly version?: Version
}

/** One operation of an actor; a rejection is an answer too. `touch` changes or reads nothing that is checked. */
export type Operation<Cache> =
  | {
      readonly kind: 'read'
      readonly name: string
      run(cache: Cache, context: OperationContext): Promise<ReadAnswer>
    }
  | {
      readonly kind: 'write'
      readonly name: string
      readonly isDelete?: boolean
      run(cache: Cache, context: OperationContext): Promise<WriteAnswer>
    }
  | {
      readonly kind: 'touch'
      readonly name: string
      run(cache: Cache, context: OperationContext): Promise<unknown>
    }

/** Does one operation after the other. */
export interface ActorScript<Cache> {
  /** Names it in schedules; unique. */
  readonly name: string
  readonly script: readonly Operation<Cache>[]
}

/** One cache, and who uses it. Actors of one process share what a process shares: single flight, suspects, timers. */
export interface ProcessScript<Cache> {
  open(ports: Ports): Cache
  readonly actors: readonly ActorScript<Cache>[]
}

/** How many faults of each kind one schedule may have; each at any step. Default 0. */
export interface Faults {
  /** A call whose caller gives up on it: not executed yet (then it may be executed later, or never), or executed and its answer lost. */
  readonly timeouts?: number
  /** A process ends: what it had sent may still be executed. */
  readonly crashes?: number
  /** The store forgets the key: a value, a known absence, or a lease. */
  readonly evictions?: number
  /** The store forgets the key while writes of it are marked. */
  readonly lostMarks?: number
  /** Time passes to the next end of a mark, a lease or an entry. */
  readonly expiries?: number
  /** An END that was executed is executed again. */
  readonly repeats?: number
  /** A timer fires although somebody could still act. When nobody can, timers fire in any case. */
  readonly timers?: number
}

/** A small world to explore: processes over one store and one source, all on one key. */
export interface Scenario<Cache> {
  readonly name: string
  /** Makes an empty store on this clock, that answers at once: `(clock) => memoryStore({ clock, maxEntries: 10 })`. */
  store(clock: Clock): Store
  readonly processes: readonly ProcessScript<Cache>[]
  /**
   * `fresh`: no read is older than the last write that was confirmed before it began. `linearizable`: nor
   * than what a read returned that ended before it began; not asked once a mark was lost before its commit.
   */
  readonly promise: 'fresh' | 'linearizable'
  /** Whether the row exists at first. Default true. */
  readonly hasRow?: boolean
  /** What the first process does before the schedule begins, and how long ago that was, in milliseconds. */
  readonly before?: { readonly script: readonly Operation<Cache>[]; readonly agoMs?: number }
  readonly faults?: Faults
  /** A wrong source: it draws the version of an insert before it waits for the row. Default false. */
  readonly drawsVersionsEarly?: boolean
}
