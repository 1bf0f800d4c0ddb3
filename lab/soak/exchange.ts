import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'

/** What is sent. */
export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** One answer, its body read to the end. */
export interface Incoming {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Connections to one process, kept alive. */
export interface Exchange {
  /** Rejects when the connection fails, or nothing came for as long as was given. */
  send(outgoing: Outgoing): Promise<Incoming>
  close(): void
}

/** Talks to `url` over at most `connections` connections. */
export function exchange(url: string, connections: number, patienceMs: number): Exchange {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return {
    send: ({ method, path, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body)
        const type = text === undefined ? {} : { 'content-type': 'application/json' }
        const sent = request(
          url + path,
          { agent, method, headers: { ...headers, ...type }, timeout: patienceMs },
          (response) => {
            readAnswer(response).then(resolve, reject)
          },
        )
        sent.on('timeout', () => sent.destroy(new Error(`no answer within ${patienceMs} ms`)))
        sent.on('error', reject)
        sent.end(text)
      }),
    close: () => agent.destroy(),
  }
}

async function readAnswer(response: IncomingMessage): Promise<Incoming> {
  let body = ''
  response.setEncoding('utf8')
  for await (const chunk of response) body += chunk
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}
