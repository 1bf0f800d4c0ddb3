import { Client, type Dispatcher } from 'undici'
import type { LoadRequest } from './load-request.ts'

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

export interface Sent {
  /** Ends it at once, for this reason, and later its connection. */
  abort(reason: Error): void
}

/** Called once, with an answer, or with why there is none. */
export type OnEnd = (answer: Answer | Error) => void

/**
 * One address, over connections that are kept alive, each with one request at a time. There are as many as there were
 * requests under way at once: nobody waits for somebody else's answer.
 */
export class Target {
  readonly url: string
  readonly #idle: Client[] = []
  readonly #all: Client[] = []

  constructor(url: string) {
    this.url = url
  }

  send({ method, path, body }: LoadRequest, onEnd: OnEnd): Sent {
    // The one used last: those that are not needed any more fall silent, and are closed.
    const client = this.#idle.pop() ?? this.#connect()
    const exchange = new OneExchange(onEnd, () => this.#idle.push(client))
    client.dispatch({ method, path, ...(body === undefined ? {} : { body, headers }) }, exchange)
    return exchange
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()))
  }

  #connect(): Client {
    // Deadlines are the load's own: these would cost a timer each, and know half seconds.
    const client = new Client(this.url, { headersTimeout: 0, bodyTimeout: 0 })
    this.#all.push(client)
    return client
  }
}

const headers = { 'content-type': 'application/json' }

class OneExchange implements Dispatcher.DispatchHandler, Sent {
  readonly #onEnd: OnEnd
  readonly #onFree: () => void
  #controller: Dispatcher.DispatchController | undefined
  #reason: Error | undefined
  #status = 0
  #headers: Headers = {}

  constructor(onEnd: OnEnd, onFree: () => void) {
    this.#onEnd = onEnd
    this.#onFree = onFree
  }

  abort(reason: Error): void {
    this.#reason = reason
    // A connection that is not there yet may be long in coming.
    this.#onEnd(reason)
    this.#controller?.abort(reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#reason !== undefined) controller.abort(this.#reason)
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(): void {
    // Read, and of no interest.
  }

  onResponseEnd(): void {
    this.#onFree()
    if (this.#reason === undefined) this.#onEnd({ status: this.#status, headers: this.#headers })
  }

  onResponseError(_: Dispatcher.DispatchController, failure: Error): void {
    this.#onFree()
    if (this.#reason === undefined) this.#onEnd(failure)
  }
}
