import type { Clock } from '../contract/clock.ts'
import type { Store } from '../contract/store.ts'
import type { Background } from './background.ts'
import type { Emitter } from './emitter.ts'
import type { GuardedStore } from './guarded-store.ts'
import type { Recorder } from './recorder.ts'
import type { Settings } from './settings.ts'

interface InvalidatorParts {
  readonly settings: Settings
  readonly store: GuardedStore<Store>
  readonly clock: Clock
  readonly background: Background
  readonly emitter: Emitter
  readonly recorder: Recorder
}

const maxSuspects = 10_000
const retryFromMs = 25
const retryToMs = 300

/**
 * Tells the store that keys have changed, and keeps at it. Until the store has answered, a key is
 * suspect: this process reads it from the source, and neither trusts nor fills its entry.
 */
export class Invalidator {
  readonly #parts: InvalidatorParts
  /** Suspect keys, with the failure that made each one so. */
  readonly #suspects = new Map<string, number>()
  #failures = 0
  #areAllSuspect = false
  #isReplaying = false
  #isClosed = false
  #wake: () => void = noOneSleeps

  constructor(parts: InvalidatorParts) {
    this.#parts = parts
  }

  /** How many keys are suspect. */
  get suspects(): number {
    return this.#suspects.size
  }

  /** Whether any key is suspect. */
  get hasSuspects(): boolean {
    return this.#suspects.size > 0 || this.#areAllSuspect
  }

  /** False in the usual case without a look-up. */
  isSuspect(key: string): boolean {
    if (!this.hasSuspects) return false
    return this.#areAllSuspect || this.#suspects.has(key)
  }

  /** `confirmed` when the store has answered. Never rejects: what failed is replayed. */
  async invalidate(key: string): Promise<'confirmed' | 'unconfirmed'> {
    this.#parts.recorder.invalidations += 1
    if (await this.#tell(key)) return 'confirmed'
    this.suspect(key)
    return 'unconfirmed'
  }

  /** Marks a key whose entry may be old, and invalidates it until the store answers. */
  suspect(key: string): void {
    const { emitter, background } = this.#parts
    this.#failures += 1
    if (this.#suspects.size >= maxSuspects && !this.#suspects.has(key)) {
      this.#areAllSuspect = true
    } else {
      this.#suspects.set(key, this.#failures)
    }
    emitter.emit({ type: 'unconfirmed', cache: emitter.cache, key })
    if (this.#isReplaying || this.#isClosed) return
    this.#isReplaying = true
    background.run('replay-invalidation', () => this.#replay())
  }

  /** Ends the replay: after a last try, what is still unconfirmed lives until its TTL. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#wake()
  }

  async #replay(): Promise<void> {
    let pauseMs = retryFromMs
    try {
      while (this.#suspects.size > 0 || this.#areAllSuspect) {
        const isLastTry = this.#isClosed
        if (await this.#tellAll()) pauseMs = retryFromMs
        else if (isLastTry) return
        else {
          await this.#sleep(pauseMs)
          pauseMs = Math.min(pauseMs * 2, retryToMs)
        }
      }
    } finally {
      this.#isReplaying = false
    }
  }

  async #tellAll(): Promise<boolean> {
    if (this.#areAllSuspect) {
      const { store, settings } = this.#parts
      const failuresBefore = this.#failures
      try {
        await store.clear(settings.prefix)
      } catch {
        return false
      }
      // a key that became suspect meanwhile was perhaps cleared too early
      if (this.#failures === failuresBefore) {
        this.#areAllSuspect = false
        this.#suspects.clear()
      }
      return true
    }
    for (const key of [...this.#suspects.keys()]) {
      if (await this.#tell(key)) continue
      this.#putLast(key)
      return false
    }
    return true
  }

  /** Perhaps this key alone cannot be told: the next round starts with the others. */
  #putLast(key: string): void {
    const failure = this.#suspects.get(key)
    if (failure === undefined) return
    this.#suspects.delete(key)
    this.#suspects.set(key, failure)
  }

  async #tell(key: string): Promise<boolean> {
    const failure = this.#suspects.get(key)
    try {
      await this.#parts.store.write('invalidate', (store) => store.invalidate(key))
    } catch {
      return false
    }
    // a later failure stands for a later commit, which this invalidation may have missed
    if (failure !== undefined && this.#suspects.get(key) === failure) this.#suspects.delete(key)
    return true
  }

  #sleep(ms: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}

function noOneSleeps(): void {}
