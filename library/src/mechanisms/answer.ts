import { inspect } from 'node:util'
import type { Lookup, LookupStatus } from '../contract/cache.ts'
import type { Clock } from '../contract/clock.ts'
import { type Jsonify, parseFrozen } from '../contract/json.ts'

/** What an answer is made of: an entry of the store, or a loaded row. Shared by all who wait for one load. */
export interface AnswerBody {
  readonly version: number
  /** Absent for a row that is not there. */
  readonly json?: string
  readonly value?: unknown
  /** Absent for a loaded row. */
  readonly storedAt?: number
  readonly hardAt?: number
}

/** How an answer came about. */
export interface Provenance {
  readonly status: LookupStatus
  readonly tier: string
  readonly isCollapsed?: boolean
  readonly isStored?: boolean
  readonly isStale?: boolean
  readonly loadMs?: number
  /** Of an entry whose lifetime has not begun: a dirty one. */
  readonly ttlMs?: number | undefined
}

/** An answer with its provenance. Ages are worked out only when asked for. */
export class Answer<Value> implements Lookup<Value> {
  readonly status: LookupStatus
  readonly tier: string
  readonly isCollapsed: boolean
  readonly isStored: boolean
  readonly isStale: boolean
  readonly loadMs: number
  readonly #body: AnswerBody
  readonly #clock: Pick<Clock, 'now'>
  readonly #ttlMs: number | undefined

  /** `clock`: the store's. */
  constructor(body: AnswerBody, provenance: Provenance, clock: Pick<Clock, 'now'>) {
    this.status = provenance.status
    this.tier = provenance.tier
    this.isCollapsed = provenance.isCollapsed ?? false
    this.isStored = provenance.isStored ?? false
    this.isStale = provenance.isStale ?? provenance.status === 'stale'
    this.loadMs = provenance.loadMs ?? 0
    this.#body = body
    this.#clock = clock
    this.#ttlMs = provenance.ttlMs
  }

  get json(): string | undefined {
    return this.#body.json
  }

  get value(): Jsonify<Value> | undefined {
    return this.#body.value as Jsonify<Value> | undefined
  }

  get version(): number {
    return this.#body.version
  }

  get ageMs(): number {
    const { storedAt } = this.#body
    return storedAt === undefined ? 0 : Math.max(0, this.#clock.now() - storedAt)
  }

  get ttlMs(): number {
    if (this.#ttlMs !== undefined) return this.#ttlMs
    const { hardAt } = this.#body
    return hardAt === undefined ? 0 : hardAt - this.#clock.now()
  }

  /** What `console.log` and JSON show: the getters too. */
  toJSON(): Lookup<Value> {
    const { json, value, version, ageMs, ttlMs } = this
    return { ...this, json, value, version, ageMs, ttlMs }
  }

  [inspect.custom](): Lookup<Value> {
    return this.toJSON()
  }

  /** The same answer for a caller that waited for another's load. */
  collapsed(): Answer<Value> {
    return this.isCollapsed
      ? this
      : new Answer(this.#body, { ...this, isCollapsed: true, ttlMs: this.#ttlMs }, this.#clock)
  }
}

/** A loaded row as a hit would show it: its value comes from the text, parsed once for all who wait for it. */
export class LoadedBody implements AnswerBody {
  readonly version: number
  readonly json?: string
  #value: unknown

  constructor(json: string | null, version: number) {
    this.version = version
    if (json !== null) this.json = json
  }

  get value(): unknown {
    if (this.#value === undefined && this.json !== undefined) this.#value = parseFrozen(this.json)
    return this.#value
  }
}
