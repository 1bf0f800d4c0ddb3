import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { describeWith, freshDatabase, freshRedis } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBackends } from '../soak/backends.ts'
import { startService } from '../soak/service-process.ts'

const workspace = resolve(import.meta.dirname, '../..')
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soak-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function command(...args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    const script = ['lab/dist/soak/main.js', ...args]
    execFile(process.execPath, script, { cwd: workspace }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code ?? 255), stdout, stderr })
    })
  })
}

/** What the look answers, as soon as it is something. */
async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = performance.now() + 120_000
  while (performance.now() < giveUpAt) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('waited for two minutes')
}

async function childrenOf(pid: number): Promise<number[]> {
  const pids = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return pids.trim().split(' ').filter(Boolean).map(Number)
}

const small = ['--clients', '4', '--seconds', '2', '--users', '1000']

describe('npm run soak', () => {
  test('starts, soaks and ends a service with everything in its process', async () => {
    const json = join(folder, 'embedded.json')
    const what = ['--embedded', '--processes', '1', '--pattern', 'write-behind', '--json', json]
    const { code, stdout, stderr } = await command(...small, ...what)
    expect({ code, stdout, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/^write-behind on memory and pglite: passed$/m)
    const { services, clients } = JSON.parse(await readFile(json, 'utf8'))
    expect(clients).toBe(4)
    expect(services).toMatchObject([{ pattern: 'write-behind', store: 'memory', findings: [] }])
    expect(services[0].rowsCompared).toBeGreaterThan(0)
  }, 180_000)

  test.skipIf(process.platform !== 'linux')(
    'exits 1 when the service dies meanwhile',
    async () => {
      const long = ['--clients', '4', '--seconds', '30', '--users', '1000']
      const what = ['--embedded', '--processes', '1', '--pattern', 'cache-aside']
      const script = ['lab/dist/soak/main.js', ...long, ...what]
      const soak = spawn(process.execPath, script, {
        cwd: workspace,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const ended = once(soak, 'close')
      const output = text(soak.stdout)
      // How far it is: traffic flows.
      await once(soak.stderr, 'data')
      const [service = 0] = await childrenOf(soak.pid ?? 0)
      process.kill(service, 'SIGKILL')
      expect(await ended).toEqual([1, null])
      expect(await output).toMatch(/^cache-aside on .*: FAILED \(answers, log\)$/m)
      expect(await output).toContain('process 1: ended by itself (SIGKILL)')
    },
    180_000,
  )

  test('exits 2, and names the argument that it cannot take', async () => {
    const { code, stdout, stderr } = await command('--clients', 'many')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toBe('--clients: expected a whole number from 1 to 1000, received "many"\n')
  })

  test('exits 2, and says why a service does not start', async () => {
    const nobody = ['--redis-url', 'redis://127.0.0.1:1', '--database-url', 'http://there']
    const { code, stderr } = await command('--pattern', 'cache-aside', ...nobody)
    expect(code).toBe(2)
    expect(stderr).toMatch(/^process 1 ended instead of listening:\nDATABASE_URL: expected/)
  }, 180_000)
})

describeWith(['redis', 'postgres'], 'npm run soak, on servers that are there', () => {
  test('passes two processes of one service', async () => {
    const servers = ['--redis-url', await freshRedis(), '--database-url', await freshDatabase()]
    const { code, stdout, stderr } = await command(
      ...small,
      '--pattern',
      'write-through',
      ...servers,
    )
    expect({ code, stdout, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/^write-through on redis and postgres: passed$/m)
    expect(stdout).toMatch(/process 2, RSS/)
  }, 180_000)
})

describe('the servers of a soak', () => {
  const embedded = { redisUrl: undefined, databaseUrl: undefined, isEmbedded: true }

  test('are asked for, with the ways to get them, where programs are missing', async () => {
    const missing = { redisServer: undefined, postgres: undefined, openssl: undefined }
    const opening = openBackends({ ...embedded, isEmbedded: false }, missing)
    await expect(opening).rejects.toThrow(
      /^needs Redis and PostgreSQL\n {2}Debian.*apt-get install/,
    )
    await expect(opening).rejects.toThrow('--embedded --processes 1')
  })

  test('are a folder that goes in the end, where everything is embedded', async () => {
    const backends = await openBackends(embedded)
    const data = backends.environment.DATA_DIR ?? ''
    expect(existsSync(data)).toBe(true)
    await backends.close()
    expect(existsSync(data)).toBe(false)
  })
})

describe('a process of a service', () => {
  const listening = "console.log('  read-through   http://127.0.0.1:4711   promise')"
  const staying = 'setInterval(() => {}, 1_000)'

  async function start(...lines: readonly string[]) {
    const file = join(folder, `service-${lines.join().length}.mjs`)
    await writeFile(file, lines.join('\n'))
    return startService({ name: 'process 1', args: [file], folder, environment: { A: 'b' } })
  }

  test('that does what it is told has nothing to answer for', async () => {
    const farewell = "console.error('SIGTERM: finishing requests and closing (again: end at once)')"
    const ending = `process.on('SIGTERM', () => { ${farewell}; process.exit(0) })`
    const service = await start(ending, listening, staying)
    expect(service.url).toBe('http://127.0.0.1:4711')
    expect(service.hasEnded()).toBe(false)
    expect(await service.stop()).toEqual([])
    expect(service.hasEnded()).toBe(true)
  })

  test('is told by what it writes: warnings, and anything on standard error', async () => {
    const log = (level: number) =>
      `console.log(JSON.stringify({ level: ${level}, msg: 'm${level}' }))`
    const ending = "process.on('SIGTERM', () => process.exit(0))"
    const service = await start(
      log(40),
      log(30),
      "console.error('(node:1) Warning: w')",
      ending,
      listening,
      staying,
    )
    const lines = (await service.stop()).map(({ line }) => line)
    expect(lines.sort()).toEqual(['(node:1) Warning: w', '{"level":40,"msg":"m40"}'])
  })

  test('is told by how it ends: by itself, or otherwise than well', async () => {
    const fails = await start("process.on('SIGTERM', () => process.exit(3))", listening, staying)
    expect(await fails.stop()).toEqual([{ line: 'ended with code 3' }])
    const rejects = await start(
      listening,
      "setTimeout(() => Promise.reject(new Error('lost')), 50)",
      staying,
    )
    while (!rejects.hasEnded()) await new Promise((resolve) => setTimeout(resolve, 10))
    const lines = (await rejects.stop()).map(({ line }) => line).join('\n')
    expect(lines).toContain('Error: lost')
    expect(lines).toContain('ended by itself (code 1)')
  })

  test('collects garbage when it is told to', async () => {
    const watching = 'setInterval(() => ref.deref() ?? process.exit(0), 10)'
    const service = await start('const ref = new WeakRef({})', listening, watching)
    service.collectGarbage()
    await eventually(async () => (service.hasEnded() ? true : undefined))
    expect(await service.stop()).toEqual([{ line: 'ended by itself (code 0)' }])
  })

  test('that does not come to listen says why', async () => {
    const starting = start("console.error('no such thing')", 'process.exit(1)')
    await expect(starting).rejects.toThrow('process 1 ended instead of listening:\nno such thing')
  })

  test.skipIf(process.platform !== 'linux')('ends when whoever started it is killed', async () => {
    const service = join(folder, 'orphan.mjs')
    await writeFile(service, [listening, staying].join('\n'))
    const program = join(workspace, 'lab/dist/soak/service-process.js')
    const command = { name: 'orphan', args: [service], folder, environment: {} }
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { startService } from ${JSON.stringify(program)}
         await startService(${JSON.stringify(command)})
         console.log('started')`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await once(parent.stdout, 'data')
    const [child] = await childrenOf(parent.pid ?? 0)
    parent.kill('SIGKILL')
    await eventually(async () => (existsSync(`/proc/${child}`) ? undefined : true))
    expect(child).toBeGreaterThan(1)
  })
})
