import { Client, type Dispatcher } from 'undici'
import type { LoadRequest } from './load-request.ts'

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** Called once, with an answer, or with why there is none. `sentAt`: undefined, it was never sent. */
export type OnEnd = (answer: Answer | Error, sentAt: number | undefined) => void

export interface Sent {
  /** Ends it at once, for this reason. */
  abort(reason: Error): void
}

/** More are of no use to a service, and cost more than requests do. */
const mostConnections = 1_000
/** So that a burst finds those free again that it has, before it makes itself hundreds of them. */
const mostConnecting = 16

/**
 * One address, over connections that are kept alive, each with one request at a time. There are as many as there were
 * requests under way at once, up to a thousand: beyond that requests wait, in order.
 */
export class Target {
  readonly url: string
  readonly #waiting = new Set<OneExchange>()
  readonly #idle: Client[] = []
  readonly #all: Client[] = []
  #connecting = 0

  constructor(url: string) {
    this.url = url
  }

  send(request: LoadRequest, onEnd: OnEnd): Sent {
    const exchange = new OneExchange(request, {
      onEnd: (answer, sentAt) => {
        this.#waiting.delete(exchange)
        onEnd(answer, sentAt)
      },
      onFree: (client) => {
        this.#idle.push(client)
        this.#sendWaiting()
      },
    })
    this.#waiting.add(exchange)
    this.#sendWaiting()
    return exchange
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()))
  }

  #sendWaiting(): void {
    for (const exchange of this.#waiting) {
      // The one used last: those that are not needed any more fall silent, and are closed.
      const client = this.#idle.pop() ?? this.#connection()
      if (client === undefined) return
      this.#waiting.delete(exchange)
      exchange.sendOver(client)
    }
  }

  #connection(): Client | undefined {
    if (this.#all.length >= mostConnections || this.#connecting >= mostConnecting) return undefined
    // Deadlines are the load's own: these would cost a timer each, and know half seconds.
    const client = new Client(this.url, { headersTimeout: 0, bodyTimeout: 0 })
    this.#all.push(client)
    this.#connecting += 1
    let isConnecting = true
    const connected = () => {
      if (!isConnecting) return
      isConnecting = false
      this.#connecting -= 1
      this.#sendWaiting()
    }
    client.once('connect', connected).once('connectionError', connected)
    return client
  }
}

const headers = { 'content-type': 'application/json' }

interface Ends {
  readonly onEnd: OnEnd
  readonly onFree: (client: Client) => void
}

class OneExchange implements Dispatcher.DispatchHandler, Sent {
  readonly #request: LoadRequest
  readonly #ends: Ends
  #client: Client | undefined
  #controller: Dispatcher.DispatchController | undefined
  #sentAt: number | undefined
  #reason: Error | undefined
  #status = 0
  #headers: Headers = {}

  constructor(request: LoadRequest, ends: Ends) {
    this.#request = request
    this.#ends = ends
  }

  sendOver(client: Client): void {
    const { method, path, body } = this.#request
    this.#client = client
    this.#sentAt = performance.now()
    client.dispatch({ method, path, ...(body === undefined ? {} : { body, headers }) }, this)
  }

  abort(reason: Error): void {
    this.#reason = reason
    // Now: a connection that is not there yet may be long in coming.
    this.#ends.onEnd(reason, this.#sentAt)
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
    this.#end({ status: this.#status, headers: this.#headers })
  }

  onResponseError(_: Dispatcher.DispatchController, failure: Error): void {
    this.#end(failure)
  }

  #end(answer: Answer | Error): void {
    if (this.#reason === undefined) this.#ends.onEnd(answer, this.#sentAt)
    this.#ends.onFree(this.#client as Client)
  }
}
