import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Fault, FaultKind, Tap } from './fault.ts'
import { FaultLine } from './fault-line.ts'
import { freePort } from './free-port.ts'

export interface FaultProxyOptions {
  /** Where the server listens. Default 127.0.0.1. */
  readonly host?: string
  readonly port: number
  /** Called for each new connection. Default: nobody looks. */
  readonly tap?: () => Tap
}

/** A line to a server that can be broken in each of the ways of `Fault`. */
export interface FaultProxy {
  /** Of 127.0.0.1: stays the same, whatever happens. */
  readonly port: number
  /** Resolves when the line has this fault, or none. A RangeError for a negative or broken number. */
  set(fault: Fault | undefined): Promise<void>
  /**
   * How often each fault really struck: connections ended (`refuse`, `reset`), chunks held or delayed (`black-hole`,
   * `latency`), answers withheld (`drop-reply`, `partial-reply`). Attempts to connect while nobody listens leave no trace.
   */
  readonly happened: Readonly<Record<FaultKind, number>>
  /** Connections that are open. */
  readonly connections: number
  /** Ends all connections, and listens no more. Again: does nothing. */
  stop(): Promise<void>
}

/** Starts a proxy on a free port of 127.0.0.1. A server that is not there shows as connections that close at once. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new LineProxy(options, await freePort())
  await proxy.listen()
  return proxy
}

class LineProxy implements FaultProxy {
  readonly port: number
  readonly happened: Record<FaultKind, number> = {
    refuse: 0,
    reset: 0,
    'black-hole': 0,
    latency: 0,
    'drop-reply': 0,
    'partial-reply': 0,
  }
  readonly #options: FaultProxyOptions
  readonly #lines = new Set<FaultLine>()
  #server: Server | undefined
  #fault: Fault | undefined
  #changes: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: FaultProxyOptions, port: number) {
    this.#options = options
    this.port = port
  }

  get connections(): number {
    return this.#lines.size
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer({ noDelay: true }, (client) => this.#accept(client))
    this.#server = server
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
  }

  set(fault: Fault | undefined): Promise<void> {
    check(fault)
    // One change after the other: a listener that is being closed cannot be opened.
    const change = () => this.#change(fault)
    this.#changes = this.#changes.then(change, change)
    return this.#changes
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    // Whoever made the change has heard of it.
    await this.#changes.catch(() => undefined)
    await this.#close()
  }

  async #change(fault: Fault | undefined): Promise<void> {
    if (this.#isStopped) throw new Error(`the proxy on port ${this.port} was stopped`)
    this.#fault = fault
    if (fault?.kind === 'refuse' || fault?.kind === 'reset') {
      for (const line of this.#lines) this.#strike(line, fault.kind)
    }
    for (const line of this.#lines) line.flush()
    await (fault?.kind === 'refuse' ? this.#close() : this.listen())
  }

  /** Takes no more connections, and ends those that are there. */
  async #close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const line of this.#lines) line.reset()
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    await closed
  }

  #accept(client: Socket): void {
    const { host = '127.0.0.1', port, tap } = this.#options
    const server = connect({ host, port, noDelay: true })
    const line: FaultLine = new FaultLine({
      client,
      server,
      tap: tap?.(),
      fault: () => this.#fault,
      struck: (kind) => {
        this.happened[kind] += 1
      },
      closed: () => this.#lines.delete(line),
    })
    this.#lines.add(line)
    if (this.#fault?.kind === 'reset') this.#strike(line, 'reset')
  }

  #strike(line: FaultLine, kind: FaultKind): void {
    if (!line.isOpen) return
    this.happened[kind] += 1
    line.reset()
  }
}

function check(fault: Fault | undefined): void {
  const numbers = Object.entries(fault ?? {}).filter(([name]) => name !== 'kind')
  for (const [name, value] of numbers) {
    if (typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY) continue
    throw new RangeError(`${fault?.kind}: ${name} must be a number from 0 on, received ${value}`)
  }
}
