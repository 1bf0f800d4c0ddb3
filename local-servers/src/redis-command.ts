import { connect } from 'node:net'

type Reply = string | number | null

const answerWithinMs = 10_000

/**
 * Sends one command to a Redis of this process, and answers its reply. Rejects with the server's own words if it
 * refuses. Neither TLS nor replies of several parts: for what a test does itself, it has a client.
 */
export async function redisCommand(url: string, ...command: string[]): Promise<Reply> {
  const { hostname, port, password, pathname } = new URL(url)
  const database = pathname.slice(1)
  const commands = [
    ...(password === '' ? [] : [['AUTH', decodeURIComponent(password)]]),
    ...(database === '' ? [] : [['SELECT', database]]),
    command,
  ]
  const socket = connect({ port: Number(port), host: hostname, noDelay: true })
  socket.setTimeout(answerWithinMs, () => {
    socket.destroy(new Error(`${hostname}:${port} does not answer ${command[0]}`))
  })
  socket.write(commands.map(encoded).join(''))
  let received = ''
  let replies = 0
  // A character a byte, as lengths are counted.
  for await (const chunk of socket.setEncoding('latin1')) {
    received += chunk
    for (let end = endOfReply(received); end !== undefined; end = endOfReply(received)) {
      const reply = parsed(Buffer.from(received.slice(0, end), 'latin1').toString())
      received = received.slice(end)
      replies += 1
      if (replies === commands.length) return reply
    }
  }
  throw new Error(`${hostname}:${port} closed during ${command[0]}`)
}

function encoded(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`)
  return `*${command.length}\r\n${parts.join('')}`
}

/** Where the first reply ends; `undefined` while some of it is missing. */
function endOfReply(text: string): number | undefined {
  const line = text.indexOf('\r\n')
  if (line < 0) return undefined
  const length = text[0] === '$' ? Number(text.slice(1, line)) : -1
  const end = line + 2 + (length < 0 ? 0 : length + 2)
  return text.length < end ? undefined : end
}

function parsed(reply: string): Reply {
  const [first = '', ...rest] = reply.split('\r\n')
  const text = first.slice(1)
  switch (first[0]) {
    case '+':
      return text
    case ':':
      return Number(text)
    case '$':
      return text === '-1' ? null : rest.slice(0, -1).join('\r\n')
    default:
      throw new Error(text)
  }
}
