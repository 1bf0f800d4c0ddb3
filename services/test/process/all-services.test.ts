import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { patternNames } from '../../http/port.ts'
import { serviceNames } from '../../ports.ts'
import {
  cleanUp,
  type ServiceProcess,
  startServices,
  temporaryFolder,
  workspace,
} from './service-process.ts'

// Starts take seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

// One process, one folder: the tests below are its life, in order.
let dataDir: string
let services: ServiceProcess
let urls: Readonly<Record<string, string>>
const marker = { name: 'Grepme Markerson', email: 'grepme.markerson@example.org' }
const written: string[] = []

beforeAll(async () => {
  dataDir = await temporaryFolder()
  await startAll()
})
afterAll(cleanUp)

async function startAll(): Promise<void> {
  const variables = { DATA_DIR: dataDir, SEED_USERS: '50', LOG_LEVEL: 'trace' }
  services = startServices([], variables)
  urls = await services.ready
}

async function stop(signal: NodeJS.Signals): Promise<{ code: number | null; ms: number }> {
  const sentAt = performance.now()
  services.kill(signal)
  const { code } = await services.ended
  written.push(services.output())
  return { code, ms: performance.now() - sentAt }
}

function send(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const payload = body === undefined ? {} : { body: JSON.stringify(body) }
  return fetch(path, { method, headers, ...payload })
}

describe('all six services in one process', () => {
  test('answer once the process says that it is ready', async () => {
    expect(Object.keys(urls)).toEqual(serviceNames)
    for (const name of patternNames) {
      const answer = await send('GET', `${urls[name]}/users/7`)
      expect(answer.headers.get('cache-status')).toContain(`"${name}"; fwd=miss`)
      expect(await answer.json()).toMatchObject({ id: 7, email: 'user7@example.com' })
    }
    for (const name of serviceNames) {
      expect((await send('GET', `${urls[name]}/readyz`)).status, name).toBe(200)
    }
  })

  test('keep their rows apart', async () => {
    await send('PUT', `${urls['read-through']}/users/8`, {
      name: 'Only Here',
      email: 'only.here@example.org',
    })
    const other = await send('GET', `${urls['write-through']}/users/8`)
    expect(await other.json()).toMatchObject({ name: 'User 8' })
  })

  test('are gathered on the page, with their figures', async () => {
    const page = await send('GET', `${urls.dashboard}/`)
    const html = await page.text()
    for (const name of patternNames) expect(html).toContain(`href="${urls[name]}/users/1"`)
    const figures = (await (await send('GET', `${urls.dashboard}/api/stats`)).json()) as {
      name: string
      stats: { pattern: string; reads: { total: number } }
    }[]
    expect(figures.map(({ name }) => name)).toEqual(patternNames)
    for (const { name, stats } of figures) expect(stats).toMatchObject({ pattern: name })
    expect(figures.every(({ stats }) => stats.reads.total > 0)).toBe(true)
  })

  test('hit and miss exactly as a replayed trace demands', async () => {
    const trace = join(dataDir, 'trace.txt')
    const keys = Array.from({ length: 400 }, (_, index) => 1 + ((index * 7) % 50))
    await writeFile(trace, [...keys, 1_000, 1_000].join('\n'))
    const targets = patternNames.flatMap((name) => ['--url', urls[name] ?? ''])
    const args = ['lab/dist/replay/main.js', '--trace', trace, '--json', ...targets]
    const result = spawnSync(process.execPath, args, { cwd: workspace, encoding: 'utf8' })
    expect(result.status, result.stderr).toBe(0)
    const { services: results } = JSON.parse(result.stdout) as { services: unknown[] }
    expect(results).toHaveLength(5)
    for (const each of results) {
      expect(each).toMatchObject({ hits: 350, misses: 51, negative: 1, absent: 2, errors: 0 })
      expect(each).toMatchObject({ databaseLoads: 51, disagreements: [] })
    }
  })

  test('refuse a second process on the same folder, in one line', async () => {
    const second = startServices(['cache-aside'], { DATA_DIR: dataDir })
    expect((await second.ended).code).toBe(1)
    expect(second.output()).toMatch(/^[^\n]+\n$/)
    expect(second.output()).toContain(String(services.pid))
    expect(second.output()).toContain('npm start -- cache-aside read-through')
  })

  test('end on SIGTERM within 10 s with what they accepted in the database, ports free', async () => {
    for (const name of patternNames) {
      const changed = await send('PUT', `${urls[name]}/users/9`, marker)
      expect(changed.status, name).toBe(200)
    }
    // What fails may be logged: the database's own words quote the email.
    for (const name of patternNames) {
      const taken = { ...marker, email: marker.email.toUpperCase() }
      expect((await send('PUT', `${urls[name]}/users/11`, taken)).status, name).toBe(409)
      // One that only the database knows of: write-behind finds out when it flushes.
      const seeded = { ...marker, email: 'USER12@example.com' }
      expect((await send('PUT', `${urls[name]}/users/11`, seeded)).status, name).toBe(
        name === 'write-behind' ? 200 : 409,
      )
      const odd = await send('POST', `${urls[name]}/users`, { ...marker, [marker.name]: 1 })
      expect(odd.status).toBe(400)
    }
    // Write-behind has a second to flush what was accepted last; the signal comes before.
    const { code, ms } = await stop('SIGTERM')
    expect(code, services.output()).toBe(0)
    expect(ms).toBeLessThan(10_000)
    for (const name of serviceNames) await expectFree(urls[name] ?? '')
  })

  test('have the same users after a restart', async () => {
    await startAll()
    for (const name of patternNames) {
      const answer = await send('GET', `${urls[name]}/users/9`)
      expect(await answer.json(), name).toMatchObject({ id: 9, ...marker })
      expect(answer.headers.get('cache-status'), name).toContain('fwd=miss')
    }
  })

  test('end on SIGINT while requests are under way, and answer those', async () => {
    const requests = patternNames.map((name) => send('GET', `${urls[name]}/users/10`))
    const answers = Promise.all(requests)
    await Promise.race(requests)
    expect((await stop('SIGINT')).code).toBe(0)
    expect((await answers).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  })

  test('never log a name or an email, at any level', () => {
    const log = written.join('\n')
    expect(log).toContain('"msg":"write-failure"')
    expect(log).toContain('"msg":"dead-letter"')
    expect(log).not.toMatch(/grepme|markerson|only.here/i)
    expect(log).not.toMatch(/user[0-9]+@example\.com|User [0-9]+/)
  })
})

async function expectFree(url: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(Number(new URL(url).port), '127.0.0.1', resolve)
  })
  await new Promise((resolve) => server.close(resolve))
}
