import { type Delivery, deliver, type Hearers } from './delivery.ts'
import type { OutboxEvent, OutboxFigures } from './events.ts'
import type { Outbox } from './outbox.ts'

/** What a relay is made from: options that were checked. */
export interface RelayParts<Key> extends Omit<Hearers<Key>, 'parseKey'> {
  readonly outbox: Outbox<Key>
  readonly pollMs: number
  readonly batchSize: number
  readonly onEvent: ((event: OutboxEvent) => void) | undefined
}

const firstId = '0'
const longestPauseMs = 1_000

/** Looks, relays and waits in turn, until it is closed. */
export class Relay<Key> {
  readonly #parts: RelayParts<Key>
  readonly #figures = { relayed: 0, unanswered: 0, refused: 0, failures: 0, waitingMs: 0 }
  readonly #lagMs = { last: 0, max: 0 }
  readonly #running: Promise<void>
  /** Rows up to here are passed over until `#againAt`: one was not answered, and the others are not to wait for it. */
  #after = firstId
  #againAt = 0
  #troubles = 0
  #isClosed = false
  #wake: () => void = nobodySleeps

  constructor(parts: RelayParts<Key>) {
    this.#parts = parts
    this.#running = this.#run()
  }

  figures(): OutboxFigures {
    return { ...this.#figures, lagMs: { ...this.#lagMs } }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wake()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      const pauseMs = await this.#look().catch((error: unknown) => this.#failed(error))
      if (pauseMs > 0) await this.#sleep(pauseMs)
    }
  }

  /** Relays one batch, if there is one. Returns how long the next look may wait, in milliseconds. */
  async #look(): Promise<number> {
    const { outbox, caches, clock, batchSize, pollMs } = this.#parts
    const oldestMs = await outbox.oldestMs()
    this.#figures.waitingMs = oldestMs ?? 0
    if (oldestMs === undefined) return pollMs

    if (clock.now() >= this.#againAt) this.#after = firstId
    const request = { after: this.#after, limit: batchSize }
    const hearers = { caches, clock, parseKey: outbox.parseKey }
    const delivery = await outbox.take(request, (rows) => deliver(rows, hearers))
    if (delivery.rows === 0) return pollMs
    this.#tellOf(delivery)
    if (delivery.unanswered > 0) this.#passOver(delivery.lastId)
    else this.#troubles = 0
    return delivery.rows === batchSize && delivery.done.length > 0 ? 0 : pollMs
  }

  #tellOf({ done, keys, oldestAt, refused, unanswered, error }: Delivery): void {
    const { entity } = this.#parts.outbox
    const figures = this.#figures
    for (const refusal of refused) this.#emit({ type: 'outbox-refused', entity, ...refusal })
    figures.refused += refused.length
    if (done.length > 0) {
      const lagMs = this.#parts.clock.now() - oldestAt
      this.#lagMs.last = lagMs
      this.#lagMs.max = Math.max(this.#lagMs.max, lagMs)
      figures.relayed += done.length
      this.#emit({ type: 'outbox-relayed', entity, rows: done.length, keys, lagMs })
    }
    if (unanswered === 0) return
    figures.unanswered += unanswered
    this.#emit({ type: 'outbox-unanswered', entity, rows: unanswered, error })
  }

  #passOver(lastId: string): void {
    const now = this.#parts.clock.now()
    this.#after = lastId
    if (now >= this.#againAt) this.#againAt = now + this.#backOffMs()
  }

  #failed(error: unknown): number {
    this.#figures.failures += 1
    this.#emit({ type: 'outbox-failure', entity: this.#parts.outbox.entity, error })
    return this.#backOffMs()
  }

  /** Twice as long each time, up to a second. */
  #backOffMs(): number {
    const { pollMs } = this.#parts
    const ms = pollMs * 2 ** this.#troubles
    this.#troubles = Math.min(this.#troubles + 1, 10)
    return Math.min(ms, Math.max(pollMs, longestPauseMs))
  }

  #emit(event: OutboxEvent): void {
    try {
      const returned: unknown = this.#parts.onEvent?.(event)
      if (returned instanceof Promise) returned.catch(dropGuestsError)
    } catch {
      // a listener is a guest: what it throws must not end the relay
    }
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#isClosed) return
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}

function nobodySleeps(): void {}

/** The same for a listener that is an async function: its rejection must not end the process. */
function dropGuestsError(): void {}
