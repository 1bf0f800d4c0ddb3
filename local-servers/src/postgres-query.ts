import { connect } from 'node:net'

const protocol3 = 196_608
const answerWithinMs = 30_000

/**
 * Has the user `postgres` of a server that asks for no password run one statement, and forgets its rows. Rejects with
 * what the server says against it. For what a test does itself, it has a client.
 */
export function postgresQuery(port: number, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const settle = (error?: Error) => {
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    let received = Buffer.alloc(0)
    let timesReady = 0
    let failure: Error | undefined
    socket.setTimeout(answerWithinMs, () =>
      settle(new Error(`no answer from port ${port}: ${sql}`)),
    )
    socket.on('error', settle)
    socket.on('close', () => settle(failure ?? new Error(`port ${port} closed during: ${sql}`)))
    socket.on('connect', () => socket.write(startup()))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 5 && received.length > received.readUInt32BE(1)) {
        const end = 1 + received.readUInt32BE(1)
        const message = received.subarray(0, end)
        received = received.subarray(end)
        const kind = String.fromCharCode(message[0] ?? 0)
        if (kind === 'E') failure = refusal(message.subarray(5), sql)
        if (kind !== 'Z') continue
        timesReady += 1
        if (timesReady === 1) socket.write(framed('Q', `${sql}\0`))
        else settle(failure)
      }
    })
  })
}

function startup(): Buffer {
  const version = Buffer.alloc(4)
  version.writeUInt32BE(protocol3)
  return framed('', Buffer.concat([version, Buffer.from('user\0postgres\0\0')]))
}

function framed(kind: string, body: string | Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(4 + Buffer.byteLength(body))
  return Buffer.concat([Buffer.from(kind), length, Buffer.from(body)])
}

/** Fields of an error: a letter and a text each. C is the code, M the message. */
function refusal(fields: Buffer, sql: string): Error {
  const texts = fields.toString().split('\0')
  const field = (letter: string) => texts.find((text) => text.startsWith(letter))?.slice(1)
  return new Error(`${field('M')} (${field('C')}): ${sql}`)
}
