import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { claimDataDir } from '../data-dir.ts'
import { openEmbeddedPostgres } from '../embedded-postgres.ts'
import { StartError } from '../start-error.ts'

const dist = join(import.meta.dirname, '../dist')
const deadPid = 2 ** 30

let folder: string
let made: string
let memory: number
let tests = 0
const children = new Set<ChildProcess>()

// One database is made, beside what a start that died has left; the tests work on copies.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embedded-postgres-'))
  made = join(folder, 'made')
  await mkdir(join(made, 'postgres-4711', 'base'), { recursive: true })
  const { line } = run(
    made,
    `const { close } = await openEmbeddedPostgres(dataDir)
     console.log(process.memoryUsage.rss())
     await close()
     console.log('closed')`,
  )
  memory = Number(await line())
  await line()
}, 120_000)
afterEach(async () => {
  for (const child of children) await kill(child)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A DATA_DIR with a database in it. */
async function dataDir(): Promise<string> {
  const path = emptyDataDir()
  await cp(made, path, { recursive: true })
  return path
}

function emptyDataDir(): string {
  return join(folder, `data-${++tests}`)
}

/** Runs a module of its own on the built services, with `dataDir` in scope, and gives its lines. */
function run(dataDir: string, program: string) {
  const text = `
    import { openEmbeddedPostgres } from './embedded-postgres.js'
    import { claimDataDir } from './data-dir.js'
    const dataDir = process.argv[1]
    ${program}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text, dataDir], {
    cwd: dist,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.add(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, line: async () => (await lines.next()).value as string | undefined }
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Leaves a lock as an owner that is gone would. */
async function leaveLock(dataDir: string, owner: object = {}): Promise<void> {
  await mkdir(join(dataDir, 'lock'), { recursive: true })
  const gone = { pid: deadPid, command: 'node old.js', host: hostname(), startedAt: 'then' }
  await writeFile(join(dataDir, 'lock', 'old'), JSON.stringify({ ...gone, ...owner }))
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it succeeded')
}

describe('the embedded database', () => {
  test('keeps its rows over a restart', async () => {
    const path = await dataDir()
    const first = await openEmbeddedPostgres(path)
    await first.pglite.exec('create table kept (n integer); insert into kept values (42)')
    await first.close()
    const second = await openEmbeddedPostgres(path)
    expect((await second.pglite.query('select n from kept')).rows).toEqual([{ n: 42 }])
    await second.close()
  })

  test('keeps every acknowledged row over a kill -9, and gives the folder to the next process', async () => {
    const path = await dataDir()
    const { child, line } = run(
      path,
      `const { pglite } = await openEmbeddedPostgres(dataDir)
       await pglite.exec('create table kept (n integer)')
       for (let n = 1; ; n++) {
         await pglite.query('insert into kept values ($1)', [n])
         console.log(n)
       }`,
    )
    let acknowledged = 0
    while (acknowledged < 500) acknowledged = Number(await line())
    await kill(child)
    const { pglite, close } = await openEmbeddedPostgres(path)
    const { rows } = await pglite.query<{ n: number }>('select count(*)::int as n from kept')
    expect(rows[0]?.n).toBeGreaterThanOrEqual(acknowledged)
    await close()
  })

  test('is made without the memory that making one takes', () => {
    // 185 MiB; 325 MiB when it was made in the same process.
    expect(memory).toBeLessThan(260 * 1024 ** 2)
  })

  test('is whole, or is not there: what a start left half-made is thrown away', async () => {
    expect(await readdir(made)).toEqual(['postgres'])
  })

  test('is not opened over files that are something else', async () => {
    const path = emptyDataDir()
    await mkdir(join(path, 'postgres'), { recursive: true })
    await writeFile(join(path, 'postgres', 'notes.txt'), 'mine')
    const error = await failureOf(openEmbeddedPostgres(path))
    expect(error).toBeInstanceOf(StartError)
    expect(error.message).toMatch(
      /^DATA_DIR: .*postgres cannot be made \(something else is there\): choose .*$/,
    )
    expect(await readdir(join(path, 'postgres'))).toEqual(['notes.txt'])
    expect(existsSync(join(path, 'lock'))).toBe(false)
  })

  test('says so in one line when what is there cannot be opened', async () => {
    const path = await dataDir()
    await rm(join(path, 'postgres', 'global'), { recursive: true })
    const { child, line } = run(
      path,
      `await openEmbeddedPostgres(dataDir).catch((error) => console.log(error.message))`,
    )
    expect(await line()).toMatch(
      /^DATA_DIR: .*postgres cannot be opened as a database \(.+\): choose/,
    )
    await kill(child)
  })
})

describe('the lock of DATA_DIR', () => {
  test('refuses a second process, and names the first and the ways out', async () => {
    const path = emptyDataDir()
    const { child, line } = run(
      path,
      `await claimDataDir(dataDir)
       console.log('claimed')
       setInterval(() => {}, 1000)`,
    )
    await line()
    const error = await failureOf(openEmbeddedPostgres(path))
    expect(error).toBeInstanceOf(StartError)
    expect(error).toMatchObject({ pid: child.pid, command: expect.stringMatching(/^node /) })
    expect(error.message).toContain(` is in use by process ${child.pid} (node `)
    expect(error.message).toContain('): stop it, or run several services in one process ')
    expect(error.message).toContain('(npm start -- cache-aside read-through), or set DATABASE_URL')
    expect(error.message).not.toContain('\n')
  })

  test('refuses a second opening by the same process', async () => {
    const path = emptyDataDir()
    const release = await claimDataDir(path)
    expect((await failureOf(claimDataDir(path))).message).toContain(`process ${process.pid} (`)
    await release()
    await (await claimDataDir(path))()
    expect(await readdir(path)).toEqual([])
  })

  test('is taken over from a process that died', async () => {
    const path = emptyDataDir()
    const { child, line } = run(
      path,
      `await claimDataDir(dataDir); console.log('claimed')
      setInterval(() => {}, 1000)`,
    )
    await line()
    await kill(child)
    await (await claimDataDir(path))()
  })

  test.skipIf(!existsSync('/proc/self/stat'))(
    'is taken over when another process has the number of the one that died',
    async () => {
      const path = emptyDataDir()
      await leaveLock(path, { pid: process.ppid })
      await (await claimDataDir(path))()
    },
  )

  test('is left alone when its owner works on another machine', async () => {
    const path = emptyDataDir()
    await leaveLock(path, { host: 'elsewhere' })
    const { message } = await failureOf(claimDataDir(path))
    expect(message).toMatch(/: stop it on elsewhere, or remove .*lock if it is gone, or run/)
  })

  test('goes to exactly one of many that find a dead one at once', async () => {
    for (let round = 0; round < 50; round++) {
      const path = emptyDataDir()
      await leaveLock(path)
      // Each a little behind the one before it, by another lag in every round.
      const claims = await Promise.allSettled(
        Array.from({ length: 8 }, async (_, index) => {
          for (let lag = 0; lag < index * (round % 10); lag++) await setImmediate()
          return await claimDataDir(path)
        }),
      )
      const won = claims.filter(({ status }) => status === 'fulfilled')
      expect(won.length).toBe(1)
      expect(await readdir(path)).toEqual(['lock'])
    }
  })

  test('goes to exactly one of several processes that find a dead one at once', async () => {
    const path = emptyDataDir()
    await leaveLock(path)
    const racers = Array.from({ length: 4 }, () =>
      run(
        path,
        `console.log('ready')
         process.stdin.once('data', async () => {
           console.log(await claimDataDir(dataDir).then(() => 'won', (error) => error.pid))
         })`,
      ),
    )
    await Promise.all(racers.map(({ line }) => line()))
    for (const { child } of racers) child.stdin?.write('go\n')
    const results = await Promise.all(racers.map(({ line }) => line()))
    const winner = racers[results.indexOf('won')]
    expect(results.filter((result) => result !== 'won')).toEqual(
      Array(3).fill(String(winner?.child.pid)),
    )
  })

  test('says in one line that a folder cannot be made', async () => {
    const path = join(folder, 'file')
    await writeFile(path, '')
    for (const wrong of [path, join(path, 'below')]) {
      const error = await failureOf(openEmbeddedPostgres(wrong))
      expect(error).toBeInstanceOf(StartError)
      expect(error.message).toMatch(/^DATA_DIR: .*file.* cannot be written \(E[A-Z]+\): choose .*$/)
    }
  })
})
