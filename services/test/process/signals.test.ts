import { once } from 'node:events'
import { readdir, utimes } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  cleanUp,
  endRunning,
  type ServiceProcess,
  start,
  startServices,
  temporaryFolder,
} from './service-process.ts'

// Starts take seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

let variables: Readonly<Record<string, string>>
beforeAll(async () => {
  variables = { DATA_DIR: await temporaryFolder(), SEED_USERS: '5' }
})
afterEach(endRunning)
afterAll(cleanUp)

function npmStart(...names: readonly string[]): ServiceProcess {
  return start('npm', ['start', '--', ...names], variables)
}

async function isServing(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    () => true,
    () => false,
  )
}

async function ending(process: ServiceProcess): Promise<{ code: number | null; ms: number }> {
  const startedAt = performance.now()
  const { code } = await process.ended
  return { code, ms: performance.now() - startedAt }
}

describe('npm start', () => {
  test('ends with everything it started when npm gets SIGTERM', async () => {
    const npm = npmStart('cache-aside', 'write-behind')
    const urls = await npm.ready
    npm.kill('SIGTERM')
    const { code, ms } = await ending(npm)
    expect(ms).toBeLessThan(10_000)
    expect(code, npm.output()).toBe(0)
    for (const url of Object.values(urls)) expect(await isServing(url)).toBe(false)
  })

  test('takes one Ctrl-C, which arrives at node twice, as one', async () => {
    const npm = npmStart('cache-aside')
    await npm.ready
    process.kill(-npm.pid, 'SIGINT')
    const { code } = await ending(npm)
    expect(npm.output().match(/SIGINT: finishing/g), npm.output()).toHaveLength(1)
    expect(code, npm.output()).toBe(0)
  })
})

describe('npm run dev', () => {
  test('starts the services anew when a file of theirs changes, and leaves nothing behind', async () => {
    const dev = start('npm', ['run', 'dev', '--', 'cache-aside'], variables)
    await dev.ready
    const now = new Date()
    await utimes(new URL('../../dist/banner.js', import.meta.url), now, now)
    const starts = () => dev.output().match(/^Ready/gm)?.length
    await vi.waitUntil(() => starts() === 2, { timeout: 15_000 })
    dev.kill('SIGTERM')
    // Its output ends when the last process that could write has ended.
    expect((await ending(dev)).ms).toBeLessThan(10_000)
  })
})

describe('a signal', () => {
  test('ends a process that is still starting', async () => {
    const services = startServices([], { ...variables, SEED_USERS: '1000' })
    const folder = variables.DATA_DIR ?? ''
    await vi.waitUntil(async () => (await readdir(folder)).includes('lock'), { timeout: 10_000 })
    services.kill('SIGTERM')
    const { code, ms } = await ending(services)
    expect(ms).toBeLessThan(10_000)
    expect(code, services.output()).toBe(0)
    expect(services.output()).not.toContain('Ready')
  })

  test('drains the journal although a client never finishes its request', async () => {
    const services = startServices(['dashboard', 'write-behind'], {
      ...variables,
      WRITE_DELAY: '1m',
    })
    const { dashboard = '', 'write-behind': url = '' } = await services.ready
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'Kept', email: 'kept@example.com' })
    const accepted = await fetch(`${url}/users/3`, { method: 'PUT', headers, body })
    expect(accepted.status, await accepted.text()).toBe(200)
    expect(accepted.headers.get('write-status')).toBe('accepted')
    const clients = [await unfinishedRequest(dashboard), await unfinishedRequest(url)]
    services.kill('SIGTERM')
    const { code, ms } = await ending(services)
    for (const client of clients) client.destroy()
    expect(code, services.output()).toBe(0)
    expect(ms).toBeLessThan(10_000)

    const next = startServices(['write-behind'], variables)
    const again = (await next.ready)['write-behind']
    expect(await (await fetch(`${again}/users/3`)).json()).toMatchObject({ name: 'Kept' })
    next.kill('SIGTERM')
    expect((await next.ended).code).toBe(0)
  })

  test('ends the process at once when it is the second', async () => {
    const services = startServices(['cache-aside'], variables)
    const { 'cache-aside': url = '' } = await services.ready
    const client = await unfinishedRequest(url)
    services.kill('SIGTERM')
    await vi.waitUntil(() => services.output().includes('SIGTERM: finishing'))
    await setTimeout(500)
    services.kill('SIGTERM')
    const { code, ms } = await ending(services)
    client.destroy()
    expect(code).toBe(1)
    expect(ms).toBeLessThan(1_000)
  })
})

/** Announces a body, and sends only its beginning. */
async function unfinishedRequest(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const client = connect(Number(port), hostname)
  await once(client, 'connect')
  client.on('error', () => client.destroy())
  const headers = 'host: x\r\ncontent-type: application/json\r\ncontent-length: 100'
  client.write(`POST /users HTTP/1.1\r\n${headers}\r\n\r\n{"name":`)
  // An answer on another connection, sent later, shows that the server has seen this one.
  await fetch(`${url}/healthz`)
  return client
}
