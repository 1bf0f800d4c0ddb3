import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { openJournalFile } from 'caching-patterns/memory'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dirty, prefix } from './journal-file-rig.ts'

const entry = new URL('../../dist/stores/memory.js', import.meta.url).href
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-file-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Writes version after version, each for another of 500 keys, and says so after each acknowledgement. */
const writer = `
  const { openJournalFile } = await import(process.argv[1])
  const [, , folder, fsync, from] = process.argv
  const { log } = await openJournalFile({ folder, fsync })
  const at = { flushed: 0, enqueuedAt: 1, storedAt: 1, dueAt: 1 }
  for (let version = Number(from); ; version++) {
    const key = '${prefix}' + (version % 500)
    const json = String(version).padEnd(1_000, 'x')
    await log.append('${prefix}', [
      { kind: 'dirty', key, version, ...at, json, frees: [], isRetry: false },
    ])
    process.stdout.write(version + '\\n')
    if (version % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }`

test.each(['always', 'everysec', 'no'] as const)(
  'a process that is killed loses nothing that it acknowledged, with fsync %s',
  async (fsync) => {
    const mine = join(folder, fsync)
    let version = 1
    for (let life = 0; life < 3; life++) {
      const child = start(writer, [entry, mine, fsync, String(version)])
      const until = version + (fsync === 'always' ? 100 : 5_000) * (1 + Math.random())
      let acknowledged = 0
      for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
        acknowledged = Number(line)
        if (acknowledged > until) child.kill('SIGKILL')
      }
      const file = await openJournalFile({ folder: mine })
      const found = file.log.open(prefix)
      expect(found.lastVersion).toBeGreaterThanOrEqual(acknowledged)
      for (let each = Math.max(1, acknowledged - 499); each <= acknowledged; each++) {
        const write = found.dirty.find(({ key }) => key === `${prefix}${each % 500}`)
        expect(write?.version).toBeGreaterThanOrEqual(each)
        expect(write?.json).toBe(String(write?.version).padEnd(1_000, 'x'))
      }
      await file.close()
      version = found.lastVersion + 1
    }
  },
  60_000,
)

/** Writes until no more is accepted, makes one key clean, and goes on with a small write. */
const filler = `
  const { openJournalFile } = await import(process.argv[1])
  const file = await openJournalFile({ folder: process.argv[2] })
  const write = (version, json) => file.log.append('${prefix}', [
    { kind: 'dirty', key: '${prefix}' + version, version, json, frees: [], isRetry: false,
      flushed: 0, enqueuedAt: 1, storedAt: 1, dueAt: 1 },
  ])
  let version = 1
  try {
    for (; version < 1_000; version++) write(version, 'x'.repeat(10_000))
  } catch (error) {
    console.log(error.message)
  }
  console.log(version - 1)
  write(version, 'small')
  await file.close()`

test.skipIf(process.platform === 'win32')(
  'a file that may not grow any more takes no write, no half of one, and then a small one',
  async () => {
    const mine = join(folder, 'full')
    // Of 1,024 bytes each: the system ends a write that would go beyond, or shortens it.
    const child = spawn('bash', [
      ...['-c', 'ulimit -f 200 && exec "$0" "$@"', process.execPath],
      ...['--input-type=module', '--eval', filler, entry, mine],
    ])
    const output = (await Promise.all([text(child.stdout), text(child.stderr)])).join('')
    const [message, count] = output.split('\n')
    const path = join(mine, 'journal.log')
    expect(message, output).toBe(
      `journal file ${path}: cannot be written (EFBIG); nothing was accepted`,
    )
    expect(Number(count)).toBe(Math.floor((200 * 1024) / 10_150))
    expect((await stat(path)).size).toBeLessThanOrEqual(200 * 1024)
    const { log, cutBytes } = await openJournalFile({ folder: mine })
    expect(cutBytes).toBe(0)
    expect(log.open(prefix).dirty.map(({ json }) => json?.length)).toEqual([
      ...Array.from({ length: Number(count) }, () => 10_000),
      5,
    ])
  },
)

test('the file is its owner’s alone', async () => {
  const mine = join(folder, 'mode')
  const file = await openJournalFile({ folder: mine })
  void file.log.append(prefix, [dirty('a', 1)])
  await file.close()
  expect((await stat(join(mine, 'journal.log'))).mode & 0o777).toBe(0o600)
  expect(await readFile(join(mine, 'journal.log'), 'utf8')).toMatch(
    /^caching-patterns journal 1\n.{8}\["test:users:1:",\["d",/s,
  )
})

function start(program: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '--eval', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}
