import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { refusal } from './refusal.ts'
import { cleanUp, startServices, temporaryFolder } from './service-process.ts'

// Starts take seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

afterAll(cleanUp)

describe('a process refuses to start, in one line and with exit code 1,', () => {
  // One process for all: how each value is judged, the tests of the environment say.
  test('or in a line for each variable that cannot be parsed', async () => {
    const wrong = {
      DATABASE_URL: 'mysql://localhost/users',
      REDIS_URL: 'redis://localhost,rediss://localhost',
      DATA_DIR: '',
      HOST: 'not a host',
      PORT: '70000',
      CACHE_TTL: '5 minutes',
      WRITE_DELAY: '1',
      JOURNAL_FSYNC: 'never',
      SEED_USERS: '-1',
      ADMIN_TOKEN: 'two words',
      RATE_LIMIT: 'none',
      LOG_LEVEL: 'loud',
    }
    const lines = (await refusal(['cache-aside'], wrong)).trimEnd().split('\n')
    expect(lines.map((line) => line.split(':', 1)[0]).sort()).toEqual(Object.keys(wrong).sort())
    for (const line of lines) expect(line).toMatch(/^[A-Z_]+: expected .+, received .+$/)
  })

  test('when one of them cannot be parsed', async () => {
    const output = await refusal(['cache-aside'], { CACHE_TTL: '5 minutes' })
    expect(output).toMatch(/^CACHE_TTL: expected .+, received .+\n$/)
  })

  test('when a service is unknown', async () => {
    const output = await refusal(['cache-aside', 'redis'], {})
    expect(output).toMatch(/^unknown service "redis": .*dashboard, cache-aside, .*refresh-ahead\n$/)
  })

  test('when the ports after PORT do not suffice', async () => {
    const output = await refusal(['cache-aside', 'read-through'], { PORT: '65535' })
    expect(output).toMatch(/^PORT: .*65534 for 2 services, received "65535"\n$/)
  })

  test('when a port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const output = await refusal(['read-through'], { PORT: String(port) })
    taken.close()
    expect(output).toMatch(
      new RegExp(`^port ${port} is in use, read-through cannot .*PORT=<number>.*\n$`, 'm'),
    )
  })

  test('when HOST is an address of another machine', async () => {
    const output = await refusal(['dashboard'], { HOST: '192.0.2.1' })
    expect(output).toMatch(/^HOST: dashboard cannot listen on "192\.0\.2\.1".*EADDRNOTAVAIL.*\n$/)
  })

  test('when DATA_DIR cannot be written', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    const output = await refusal(['cache-aside'], { DATA_DIR: join(file, 'data') })
    expect(output).toMatch(/^[^\n]+\n$/)
    expect(output).toContain(join(file, 'data'))
  })
})

describe('a refused process', () => {
  test('leaves no port open and no lock behind', async () => {
    const dataDir = await temporaryFolder()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    await refusal(['cache-aside', 'read-through'], {
      DATA_DIR: dataDir,
      PORT: String(port - 1),
    })
    taken.close()
    const next = startServices(['cache-aside'], { DATA_DIR: dataDir, PORT: String(port - 1) })
    await next.ready
    next.kill('SIGTERM')
    expect((await next.ended).code).toBe(0)
    expect((await readdir(dataDir)).filter((name) => name.includes('lock'))).toEqual([])
  })
})
