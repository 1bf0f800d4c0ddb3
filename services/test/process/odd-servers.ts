import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A port of 127.0.0.1 behind which something is that no client expects. */
export interface OddServer {
  readonly port: number
  close(): Promise<void>
}

/** Takes connections, and never says anything. */
export function silentServer(): Promise<OddServer> {
  return listening((socket) => socket.resume())
}

/** Says something else to whoever says something. */
export function talkativeServer(): Promise<OddServer> {
  return listening((socket) =>
    socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')),
  )
}

/** Passes on what a server says, with one text in place of another of the same length. */
export function rewritingProxy(port: number, text: string, other: string): Promise<OddServer> {
  return listening((socket) => {
    const server = connect(port, '127.0.0.1')
    socket.pipe(server)
    server.setEncoding('latin1').on('data', (chunk: string) => {
      socket.write(chunk.replaceAll(text, other), 'latin1')
    })
    for (const [one, two] of [
      [socket, server],
      [server, socket],
    ] as const) {
      one.on('error', () => two.destroy())
      one.on('close', () => two.destroy())
    }
  })
}

async function listening(onConnection: (socket: Socket) => void): Promise<OddServer> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
