import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from '../src/free-port.ts'

/** Numbers that pick the given ports. */
function picking(...ports: number[]): () => number {
  return () => ((ports.shift() ?? Number.NaN) - 12_000 + 0.5) / 10_000
}

test('passes over a port that somebody listens on', async () => {
  const server = createServer().listen(await freePort(), '127.0.0.1')
  await once(server, 'listening')
  const { port: taken } = server.address() as AddressInfo
  const free = await freePort()
  expect(await freePort(picking(taken, taken, free))).toBe(free)
  server.close()
})

test('stays below the ports of outgoing connections, with room for the bus of a cluster', async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, () => freePort()))
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(12_000)
  expect(Math.max(...ports) + 10_000).toBeLessThan(32_768)
})
