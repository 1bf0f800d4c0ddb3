import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A line to a server that can be cut where it hurts. Without a server it accepts, and never answers. */
export class TcpProxy {
  /** Forwards what holds this text, then cuts the line when the answer comes. */
  cutsReplyTo: string | undefined
  /** Forwards nothing any more, in either direction. */
  isBlackHole = false
  port = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(port: number | undefined) {
    this.#server = createServer((client) => {
      this.#keep(client)
      if (port !== undefined) this.#join(client, this.#keep(connect(port, '127.0.0.1')))
    })
  }

  static async open(port?: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    proxy.port = (proxy.#server.address() as AddressInfo).port
    return proxy
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(client: Socket, server: Socket): void {
    let isCut = false
    client.on('data', (chunk) => {
      if (this.cutsReplyTo !== undefined && chunk.includes(this.cutsReplyTo)) isCut = true
      if (!this.isBlackHole) server.write(chunk)
    })
    server.on('data', (chunk) => {
      if (isCut) client.destroy()
      else if (!this.isBlackHole) client.write(chunk)
    })
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    // A line that breaks is what it is for; both ends see the close.
    socket.on('error', () => socket.destroy())
    return socket
  }
}
