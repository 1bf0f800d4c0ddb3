import { connect } from 'node:net'

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** A request over a real connection. An object as `body` is sent as JSON, text and bytes as they are. */
export async function send(
  url: string,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const isPlain = typeof body === 'object' && !(body instanceof Uint8Array)
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: { ...(isPlain ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body === undefined ? {} : { body: (isPlain ? JSON.stringify(body) : body) as string }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Sends text as it stands over a socket of its own; what comes back until the other side closes, or 5 s. */
export function sendRaw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(Number(port), hostname, () => socket.write(text))
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no end after: ${received}`)))
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
  })
}

/** Status, headers and body of a raw answer. */
export function parseRaw(received: string): Answer {
  const [head = '', text = ''] = received.split(/\r\n\r\n([\s\S]*)/)
  const [line = '', ...fields] = head.split('\r\n')
  const headers = new Headers()
  for (const field of fields) {
    const colon = field.indexOf(':')
    headers.append(field.slice(0, colon), field.slice(colon + 1).trim())
  }
  return { status: Number(line.split(' ')[1]), headers, text }
}
