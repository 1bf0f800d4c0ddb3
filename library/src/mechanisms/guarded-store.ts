import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
} from 'cockatiel'
import type { Awaitable } from '../contract/awaitable.ts'
import type { Clock } from '../contract/clock.ts'
import type { StoredState } from '../contract/entry.ts'
import { CacheError, StoreRefusedError } from '../contract/errors.ts'
import type { Store } from '../contract/store.ts'
import { withDeadline } from './deadline.ts'
import { Deadlines } from './deadlines.ts'
import { Pace } from './pace.ts'

/** How a store is guarded. */
export interface StoreGuardOptions {
  readonly readDeadlineMs: number
  readonly writeDeadlineMs: number
  readonly clock: Clock
  readonly onError: (operation: string, error: unknown) => void
  readonly onBreaker: (state: 'closed' | 'open' | 'half-open') => void
}

const failuresToOpen = 5
const probeEveryMs = 250

/**
 * A store that answers within its deadline, or rejects with `STORE_TIMEOUT` or
 * `STORE_UNAVAILABLE`. After five failures in a row, or a second in which most calls took more than
 * half of their deadline, it rejects at once, and lets one call through every 250 ms: answered within
 * half of its deadline, it says that the store is back.
 */
export class GuardedStore<S extends Store = Store> {
  readonly store: S
  readonly #options: StoreGuardOptions
  readonly #failures = new ConsecutiveBreaker(failuresToOpen)
  readonly #breaker = circuitBreaker(handleAll, {
    halfOpenAfter: probeEveryMs,
    breaker: this.#failures,
  })
  readonly #pace = new Pace()
  readonly #reads: StoreDeadlines
  readonly #writes: StoreDeadlines
  /** Since the last success that counts. Always so while the circuit is not closed. */
  #hasFailed = false

  constructor(store: S, options: StoreGuardOptions) {
    this.store = store
    this.#options = options
    const { readDeadlineMs, writeDeadlineMs, clock } = options
    this.#reads = { ms: readDeadlineMs, running: new Deadlines(readDeadlineMs, clock) }
    this.#writes = { ms: writeDeadlineMs, running: new Deadlines(writeDeadlineMs, clock) }
    this.#breaker.onStateChange((state) => options.onBreaker(stateNames[state]))
  }

  get breakerState(): 'closed' | 'open' | 'half-open' {
    return stateNames[this.#breaker.state]
  }

  /** The hot path: an in-process store answers without a promise, a closure or a timer. */
  get(key: string): Awaitable<StoredState | undefined> {
    if (this.#hasFailed) {
      return this.read('get', (store) => store.get(key))
    }
    let answer: Awaitable<StoredState | undefined>
    try {
      answer = this.store.get(key)
    } catch (error) {
      return Promise.reject(this.#failed('get', error))
    }
    return answer instanceof Promise ? this.#settle('get', answer, this.#reads) : answer
  }

  /** One read of the store within its read deadline. */
  async read<T>(operation: string, call: (store: S) => Awaitable<T>): Promise<T> {
    return this.#guarded(operation, call, this.#reads)
  }

  /** One change of the store within its write deadline. A rejection does not say that it was not executed. */
  async write<T>(operation: string, call: (store: S) => Awaitable<T>): Promise<T> {
    return this.#guarded(operation, call, this.#writes)
  }

  /** `invalidate` for every key that starts with `prefix`, each step within the write deadline. */
  async clear(prefix: string): Promise<void> {
    let from: string | undefined
    do {
      const step = from
      from = await this.write('clear', (store) => store.clear(prefix, step))
    } while (from !== undefined)
  }

  async #guarded<T>(
    operation: string,
    call: (store: S) => Awaitable<T>,
    deadlines: StoreDeadlines,
  ): Promise<T> {
    if (this.#breaker.state !== CircuitState.Closed) {
      return this.#probe(operation, call, deadlines.ms)
    }
    let answer: Awaitable<T>
    try {
      answer = call(this.store)
    } catch (error) {
      throw this.#failed(operation, error)
    }
    if (answer instanceof Promise) return this.#settle(operation, answer, deadlines)
    this.#succeeded()
    return answer
  }

  /** One promise and one reaction: every further one shows in the CPU time of a hit. */
  #settle<T>(operation: string, answer: Promise<T>, { ms, running }: StoreDeadlines): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting = running.begin(() => reject(this.#failed(operation, tooLate(operation, ms))))
      answer.then(
        (value) => {
          if (!running.end(waiting)) return
          const now = this.#options.clock.now()
          if (this.#pace.isTooSlow(waiting.endsAt - now < ms / 2, now)) this.#tooSlow(operation)
          else if (this.#hasFailed) this.#succeeded()
          resolve(value)
        },
        (error: unknown) => {
          if (running.end(waiting)) reject(this.#failed(operation, error))
        },
      )
    })
  }

  async #probe<T>(
    operation: string,
    call: (store: S) => Awaitable<T>,
    deadlineMs: number,
  ): Promise<T> {
    // one call looks whether the store is back: the breaker would make the others wait for what it finds
    if (this.#breaker.state === CircuitState.HalfOpen) {
      throw unavailable(operation, new BrokenCircuitError())
    }
    // slower than this, it would soon be sent away again
    const withinMs = deadlineMs / 2
    try {
      return await this.#breaker.execute(async () =>
        withDeadline(Promise.resolve(call(this.store)), withinMs, this.#options.clock, () =>
          tooLate(operation, withinMs),
        ),
      )
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) this.#options.onError(operation, error)
      throw unavailable(operation, error)
    }
  }

  #failed(operation: string, error: unknown): CacheError {
    this.#options.onError(operation, error)
    // It answers, and other calls it may execute.
    if (error instanceof StoreRefusedError) return unavailable(operation, error)
    this.#hasFailed = true
    this.#tellBreaker(() => {
      throw error
    })
    return unavailable(operation, error)
  }

  /** The caller has its answer; those to come are better off without the store. */
  #tooSlow(operation: string): void {
    const error = new CacheError(
      'STORE_TIMEOUT',
      `store: most calls of the last second took more than half of their deadline, ${operation} among them`,
    )
    // the next failure, which is this one, opens the circuit
    this.#failures.state = failuresToOpen
    this.#failed(operation, error)
  }

  #succeeded(): void {
    // of an open circuit only probes decide, not answers to calls that were sent before
    if (!this.#hasFailed || this.#breaker.state !== CircuitState.Closed) return
    this.#hasFailed = false
    this.#tellBreaker(() => undefined)
  }

  /** The breaker counts outcomes only of what it executes; a closed circuit's calls go round it, to save a microtask or two each. */
  #tellBreaker(outcome: () => void): void {
    if (this.#breaker.state !== CircuitState.Closed) return
    this.#breaker.execute(outcome).catch(alreadyReported)
  }
}

/** Whether the store has executed nothing: the breaker has kept the call from it, or it has refused the call. */
export function wasNotSent(error: unknown): boolean {
  if (!(error instanceof CacheError)) return false
  return error.cause instanceof BrokenCircuitError || error.cause instanceof StoreRefusedError
}

interface StoreDeadlines {
  readonly ms: number
  readonly running: Deadlines
}

const stateNames = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
} as const

function tooLate(operation: string, ms: number): CacheError {
  return new CacheError('STORE_TIMEOUT', `store: no answer to ${operation} within ${ms} ms`)
}

function unavailable(operation: string, cause: unknown): CacheError {
  if (cause instanceof CacheError && cause.code === 'STORE_TIMEOUT') return cause
  return new CacheError('STORE_UNAVAILABLE', `store: ${operation} failed`, {
    cause,
    retryAfterMs: probeEveryMs,
  })
}

/** `#failed` has told the listener, and throws the same error to the caller. */
function alreadyReported(): void {}
