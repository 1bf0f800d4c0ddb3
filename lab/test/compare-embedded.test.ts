import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { openStage } from '../compare/open-stage.ts'
import type { Stage, SubjectTerms } from '../compare/stage.ts'
import type { RunningSubject } from '../compare/subject.ts'

// Each makes a database in its process.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const terms: SubjectTerms = {
  ...{ users: 20, ttlMs: 60_000, writeDelayMs: 3_600_000, processes: 1, network: 'near' },
}

const nameOf = async (url: string | undefined) =>
  ((await (await fetch(`${url}/users/1`)).json()) as { readonly name: string }).name

async function rename(url: string | undefined, name: string): Promise<void> {
  const body = JSON.stringify({ name, email: 'user1@example.com' })
  const headers = { 'content-type': 'application/json' }
  const { status } = await fetch(`${url}/users/1`, { method: 'PUT', headers, body })
  expect(status).toBe(200)
}

describe('a stage without servers', () => {
  let stage: Stage
  let service: RunningSubject
  let control: RunningSubject
  beforeAll(async () => {
    stage = await openStage({ servers: 'embedded' })
    const names = ['write-behind', 'naive-write-behind'] as const
    const started = await Promise.all(names.map((name) => stage.start(name, terms)))
    ;[service, control] = started as [RunningSubject, RunningSubject]
  })
  afterAll(() => stage?.stop())

  test('asks the processes themselves, which alone have the rows', async () => {
    expect([stage.redis, stage.postgres, stage.countsStatements, service.rows]).toEqual([
      undefined,
      undefined,
      'processes',
      undefined,
    ])
    for (const subject of [service, control]) {
      const before = await subject.statements()
      expect(await nameOf(subject.urls[0])).toBe('User 1')
      expect((await subject.statements()) - before).toBe(1)
    }
  })

  test('shows what a kill leaves of accepted writes: all of a service, none of a tutorial', async () => {
    for (const subject of [service, control]) {
      await rename(subject.urls[0], 'Ada')
      expect(await nameOf(subject.urls[0])).toBe('Ada')
      await subject.kill(0)
      await subject.restart(0)
    }
    expect(await nameOf(service.urls[0])).toBe('Ada')
    expect(await nameOf(control.urls[0])).toBe('User 1')
  })

  test('refuses more processes than can work on one folder', async () => {
    await expect(stage.start('naive', { ...terms, processes: 2 })).rejects.toThrow(
      'naive: embedded, expected one process, received 2',
    )
  })
})

/** Prints where a subject listens, then waits. */
const program = `
  const { openStage } = await import(process.argv[1])
  const stage = await openStage({ servers: 'embedded' })
  const terms = { users: 1, ttlMs: 1_000, writeDelayMs: 1_000, processes: 1, network: 'near' }
  const { urls } = await stage.start('no-cache', terms)
  console.log(urls[0])`
const built = pathToFileURL(join(import.meta.dirname, '../dist/compare/open-stage.js')).href

test.each(['SIGKILL', 'SIGINT'] as const)(
  'a stage leaves neither processes nor folders when the lab ends by %s',
  async (signal) => {
    const folder = await mkdtemp(join(tmpdir(), 'stage-test-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program, built], {
      env: { ...process.env, TMPDIR: folder },
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    await expect.poll(() => output, { timeout: 60_000 }).toMatch(/\n$/)
    const url = output.trim()
    expect(await nameOf(url)).toBe('User 1')
    expect(await readdir(folder)).not.toEqual([])
    child.kill(signal)
    const isGone = () =>
      fetch(`${url}/users/1`).then(
        () => false,
        () => true,
      )
    await expect.poll(isGone, { timeout: 10_000 }).toBe(true)
    await expect.poll(() => readdir(folder), { timeout: 10_000 }).toEqual([])
  },
)
