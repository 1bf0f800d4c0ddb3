import type { Clock } from '../../../contract/clock.ts'

/** When what was written is made to outlive a power failure: before it is acknowledged, within a second or so, or as the system likes. */
export type FsyncPolicy = 'always' | 'everysec' | 'no'

const everyMs = 1_000

/**
 * Syncs one file: never twice at a time, once for all who wait, and never again after one has failed,
 * since a system may forget then what it could not write, and report success the next time.
 */
export class Syncing {
  readonly #policy: FsyncPolicy
  readonly #clock: Clock
  readonly #sync: () => Promise<void>
  #running: Promise<void> | undefined
  #next: Waiting | undefined
  #isPaused = false
  #cancelTimer: (() => void) | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(policy: FsyncPolicy, clock: Clock, sync: () => Promise<void>) {
    this.#policy = policy
    this.#clock = clock
    this.#sync = sync
  }

  /** Something was written. The promise, if the policy makes one, resolves when that is synced. */
  written(): Promise<void> | undefined {
    if (this.#policy === 'always') return this.now()
    if (this.#policy === 'everysec') {
      this.#cancelTimer ??= this.#clock.after(everyMs, () => {
        this.#cancelTimer = undefined
        void this.now()
      })
    }
    return undefined
  }

  /** Resolves when all that was written before is synced, whatever the policy. */
  now(): Promise<void> {
    // What runs already may have begun before the last write.
    this.#next ??= new Waiting()
    const { promise } = this.#next
    this.#start()
    return promise
  }

  /** Resolves when none is under way, and none begins before `resume`. */
  async pause(): Promise<void> {
    this.#isPaused = true
    await this.#running
  }

  resume(): void {
    this.#isPaused = false
    this.#start()
  }

  /** The last one, unless the policy is never to sync. */
  async close(): Promise<void> {
    this.#cancelTimer?.()
    if (this.#policy !== 'no') await this.now()
    while (this.#running !== undefined) await this.#running
  }

  #start(): void {
    const waiting = this.#next
    if (waiting === undefined || this.#running !== undefined || this.#isPaused) return
    this.#next = undefined
    if (this.#failure === undefined) this.#running = this.#run(waiting)
    else waiting.reject(this.#failure.error)
  }

  async #run(waiting: Waiting): Promise<void> {
    try {
      await this.#sync()
      waiting.resolve()
    } catch (error) {
      this.#failure = { error }
      waiting.reject(error)
    }
    this.#running = undefined
    this.#start()
  }
}

class Waiting {
  resolve!: () => void
  reject!: (error: unknown) => void
  readonly promise = new Promise<void>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })

  constructor() {
    // Of a failure the file itself tells whoever comes next.
    this.promise.catch(() => undefined)
  }
}
