import { once } from 'node:events'
import { createServer } from 'node:net'

const first = 12_000
const last = 21_999

/**
 * A port of 127.0.0.1 that was free a moment ago. Below the range from which systems take the ports of
 * outgoing connections: a client that tries to reach a server while it is down cannot get the server's own
 * port, connect to itself, and keep the server from coming back. Port + 10,000, a cluster's bus, is below it too.
 */
export async function freePort(random = Math.random): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = first + Math.floor(random() * (last - first + 1))
    if (await isFree(port)) return port
  }
  throw new Error(`found no free port between ${first} and ${last}`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  }
  server.close()
  await once(server, 'close')
  return true
}
