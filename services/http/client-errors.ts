import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type Problem, render } from './problem.ts'

/** Answers what Node could not parse as HTTP, and closes the connection: there is no request to reply to. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, headers, body } = render(clientProblem(error.code))
  const head = Object.entries({
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`)
}

function clientProblem(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { code: 'HEADERS_TOO_LARGE', detail: 'headers: expected at most 16 KiB, received more' }
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { code: 'REQUEST_TIMEOUT', detail: 'the request did not arrive in time' }
  }
  return { code: 'BAD_REQUEST', detail: 'expected HTTP/1.1, received something else' }
}
