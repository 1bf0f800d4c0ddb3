import type { Clock } from '../contract/clock.ts'
import type { Content, NegativeEntry, ValueEntry } from '../contract/entry.ts'
import { CacheError } from '../contract/errors.ts'
import type { EventListener } from '../contract/events.ts'
import type { Store } from '../contract/store.ts'
import { Background } from './background.ts'
import { LoadGate } from './batch-loader.ts'
import { checkValue, encodeValue, type ValueSchema } from './codec.ts'
import { Emitter } from './emitter.ts'
import { GuardedStore } from './guarded-store.ts'
import { Invalidator } from './invalidator.ts'
import { KeyCodec } from './key-codec.ts'
import { Recorder } from './recorder.ts'
import type { Settings } from './settings.ts'
import { Tokens } from './tokens.ts'

const firstPauseMs = 10
const longestPauseMs = 100

/** What a core is made from. */
export interface CoreParts<Key, S extends Store> {
  readonly settings: Settings
  readonly store: S
  readonly clock: Clock
  readonly random: () => number
  readonly encodeKey: ((key: Key) => string) | undefined
  readonly schema: ValueSchema | undefined
  readonly onEvent: EventListener | undefined
}

/** What the patterns of one cache share: its store behind guards, its figures, its background work. */
export class Core<Key, S extends Store = Store> {
  readonly settings: Settings
  readonly clock: Clock
  readonly random: () => number
  readonly store: GuardedStore<S>
  readonly keys: KeyCodec<Key>
  readonly tokens = new Tokens()
  readonly recorder = new Recorder()
  readonly emitter: Emitter
  readonly background: Background
  readonly gate: LoadGate
  readonly invalidator: Invalidator
  readonly #schema: ValueSchema | undefined
  /** After `close`. */
  isClosed = false

  constructor({ settings, store, clock, random, encodeKey, schema, onEvent }: CoreParts<Key, S>) {
    this.settings = settings
    this.clock = clock
    this.random = random
    this.keys = new KeyCodec(settings.prefix, encodeKey, store.place !== undefined)
    this.emitter = new Emitter(settings.name, onEvent)
    this.background = new Background(clock, this.emitter)
    this.#schema = schema
    const { emitter, recorder } = this
    this.store = new GuardedStore(store, {
      readDeadlineMs: settings.storeReadDeadlineMs,
      writeDeadlineMs: settings.storeWriteDeadlineMs,
      clock,
      onError(operation, error) {
        recorder.storeErrors += 1
        emitter.emit({ type: 'store-error', cache: settings.name, operation, error })
      },
      onBreaker: (state) => emitter.emit({ type: 'breaker', cache: settings.name, state }),
    })
    this.gate = new LoadGate({ ...settings, clock, recorder })
    this.invalidator = new Invalidator(this)
  }

  /** The value as text, checked by the schema if there is one; rejects with `INVALID_VALUE`. */
  async encode(value: unknown, key: unknown): Promise<string> {
    const checked = this.#schema === undefined ? value : await checkValue(this.#schema, value, key)
    return encodeValue(checked, key)
  }

  /** What to store of a row: its lifetime is shortened at random, so that entries of one moment do not expire in one moment. */
  content(row: {
    readonly json: string | null
    readonly version: number
    readonly loadMs?: number
    readonly ttlMs?: number | undefined
  }): Content {
    const { settings } = this
    const wantedMs = row.json === null ? settings.negativeTtlMs : (row.ttlMs ?? settings.ttlMs)
    const ttlMs = Math.max(1, Math.round(wantedMs * (1 - settings.jitter * this.random())))
    return {
      json: row.json,
      version: row.version,
      ttlMs,
      softTtlMs: Math.min(ttlMs, Math.max(1, Math.round(settings.softTtlMs(ttlMs)))),
      graceMs: row.json === null ? 0 : settings.graceMs,
      deltaMs: Math.round(row.loadMs ?? 0),
    }
  }

  /** The store's clock: what the instants of its entries are compared with. */
  storeNow(): number {
    return this.store.store.now()
  }

  /** Not past its hard expiry. Where no grace is given, the store itself ends an entry there. */
  isFresh(entry: ValueEntry | NegativeEntry): boolean {
    return (
      this.settings.graceMs === 0 ||
      entry.isDirty ||
      entry.kind === 'negative' ||
      entry.hardAt > this.storeNow()
    )
  }

  /** How long to wait before looking again for another's load: jittered, 10-25 ms at first, at most 100. */
  pauseMs(attempt: number, leftMs: number): number {
    const ms = firstPauseMs * 1.5 ** attempt * (1 + 1.5 * this.random())
    return Math.min(leftMs, longestPauseMs, ms)
  }

  /** Throws `CLOSED` after `close`. */
  assertOpen(): void {
    if (!this.isClosed) return
    throw new CacheError('CLOSED', `cache ${this.settings.name} is closed`)
  }

  /** From here on calls are refused; `drain` runs, then the background work ends. */
  async close(drain: () => Promise<void> = async () => {}): Promise<void> {
    this.isClosed = true
    await drain()
    await this.invalidator.close()
    await this.background.settle()
  }

  /** Resolves after `ms` milliseconds of the cache's clock. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve)
    })
  }
}
