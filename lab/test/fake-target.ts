import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that a fake target got, its body read. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly body: string
}

export interface FakeTarget {
  readonly url: string
  readonly received: readonly Received[]
  /** Connections that were made to it. */
  connections(): number
  /** Closes it, and whatever is connected to it. */
  close(): Promise<void>
}

export type Respond = (request: Received, response: ServerResponse, number: number) => void

/** A server that answers as it is told: `number` counts its requests, from 1. */
export async function fakeTarget(respond: Respond): Promise<FakeTarget> {
  const received: Received[] = []
  let connections = 0
  const server = createServer((request, response) => {
    readBody(request).then(
      (body) => {
        const each = { method: request.method ?? '', path: request.url ?? '', body }
        received.push(each)
        respond(each, response, received.length)
      },
      // Whoever asked has gone.
      () => response.destroy(),
    )
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    connections: () => connections,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  request.setEncoding('utf8')
  for await (const chunk of request) body += chunk
  return body
}
