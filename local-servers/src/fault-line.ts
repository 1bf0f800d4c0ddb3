import type { Socket } from 'node:net'
import type { Fault, FaultKind, Tap } from './fault.ts'

export interface FaultLineOptions {
  readonly client: Socket
  readonly server: Socket
  readonly tap: Tap | undefined
  /** What is wrong with the line at this moment. */
  readonly fault: () => Fault | undefined
  /** Called when a fault had an effect. */
  readonly struck: (kind: FaultKind) => void
  /** Called once, when both ends are closed. */
  readonly closed: () => void
}

/** One connection through a proxy: two directions, and what its fault makes of them. */
export class FaultLine {
  readonly #options: FaultLineOptions
  readonly #requests: Direction
  readonly #replies: Direction
  /** Something was asked, and not yet answered: what a server sends by itself is no reply. */
  #isAsked = false

  constructor(options: FaultLineOptions) {
    const { client, server, tap } = options
    this.#options = options
    const isHeld = () => options.fault()?.kind === 'black-hole'
    this.#requests = new Direction(client, server, isHeld)
    this.#replies = new Direction(server, client, isHeld)
    client.on('data', (chunk) => {
      tap?.request(chunk)
      this.#isAsked = true
      this.#requests.push(chunk, this.#delayMs())
    })
    server.on('data', (chunk) => this.#reply(chunk))
    for (const [socket, onward] of [
      [client, this.#requests],
      [server, this.#replies],
    ] as const) {
      // A line that breaks is what it is for; the other end sees the close.
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        onward.end()
        if (client.destroyed && server.destroyed) options.closed()
      })
    }
  }

  get isOpen(): boolean {
    return !this.#options.client.destroyed
  }

  /** Both ends see a connection that was reset; what was under way is lost. */
  reset(): void {
    const { client, server } = this.#options
    breakOff(client)
    breakOff(server)
  }

  /** Sends what was held, if the fault allows it now. */
  flush(): void {
    this.#requests.flush()
    this.#replies.flush()
  }

  #reply(chunk: Buffer): void {
    const { tap, client, struck, fault: current } = this.#options
    if (tap?.reply(chunk) === 'cut') {
      this.reset()
      return
    }
    const fault = current()
    const isWithheld = fault?.kind === 'drop-reply' || fault?.kind === 'partial-reply'
    if (!isWithheld || !this.#isAsked) {
      this.#isAsked = false
      this.#replies.push(chunk, this.#delayMs())
      return
    }
    struck(fault.kind)
    if (fault.kind === 'drop-reply') {
      this.reset()
      return
    }
    // Not a reset, which would take the bytes with it that nobody has read yet.
    client.end(chunk.subarray(0, fault.bytes))
    this.#options.server.destroy()
  }

  /** Counts a chunk that is held or delayed. */
  #delayMs(): number {
    const { fault: current, struck } = this.#options
    const fault = current()
    if (fault?.kind === 'black-hole') struck('black-hole')
    if (fault?.kind !== 'latency') return 0
    struck('latency')
    return fault.ms + Math.random() * (fault.jitterMs ?? 0)
  }
}

/** A reset where one is possible: of a socket that is being opened or shut down Node would keep the handle for ever. */
function breakOff(socket: Socket): void {
  if (socket.connecting || socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

/** Beyond it, the sender has to wait. */
const chunksHeld = 1_000

/** Passes on what one end sends, in its order, when it is due; what is held outlives its sender. */
class Direction {
  readonly #from: Socket
  readonly #to: Socket
  readonly #isHeld: () => boolean
  readonly #queue: { readonly chunk: Buffer; readonly dueAt: number }[] = []
  #hasEnded = false
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, isHeld: () => boolean) {
    this.#from = from
    this.#to = to
    this.#isHeld = isHeld
    to.on('drain', () => this.#from.resume())
    to.on('close', () => clearTimeout(this.#timer))
  }

  push(chunk: Buffer, delayMs: number): void {
    this.#queue.push({ chunk, dueAt: performance.now() + delayMs })
    if (this.#queue.length >= chunksHeld) this.#from.pause()
    this.flush()
  }

  /** No more will come: the other end closes once it has got what is under way. */
  end(): void {
    this.#hasEnded = true
    this.flush()
  }

  flush(): void {
    clearTimeout(this.#timer)
    if (this.#to.destroyed || this.#isHeld()) return
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const waitMs = next.dueAt - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.flush(), Math.ceil(waitMs))
        return
      }
      this.#queue.shift()
      if (!this.#to.write(next.chunk)) this.#from.pause()
    }
    if (this.#hasEnded) this.#to.end()
    else if (!this.#to.writableNeedDrain) this.#from.resume()
  }
}
