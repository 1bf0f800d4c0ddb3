import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { type SubjectParts, startSubject } from '../compare/running-subject.ts'
import { type SubjectCommand, SubjectProcess } from '../compare/subject-process.ts'
import { settled } from '../compare/subject-stats.ts'

/** A process that says that it listens. Where its port is taken it connects to whoever has it, and ends with Node's own words. */
const server = `
  const { createServer } = await import('node:http')
  const { connect } = await import('node:net')
  let asked = 0
  createServer((request, response) => {
    asked += 1
    if (request.url === '/crash') process.exit(3)
    const waits = JSON.parse(process.env.WAITS ?? '[]')
    response.end(JSON.stringify({ database: { statements: asked }, ...waits[asked - 1] }))
  }).on('error', (error) => {
    connect(process.env.PORT, '127.0.0.1', () => { throw error })
  }).listen(process.env.PORT, '127.0.0.1', () => {
    console.log('fake  http://127.0.0.1:' + process.env.PORT + ' ')
  })`

function commandOf(program: string, environment: Record<string, string> = {}): SubjectCommand {
  const args = ['--input-type=module', '--eval', program]
  return { name: 'fake', args, folder: tmpdir(), environment }
}

async function subjectOf(...commands: readonly SubjectCommand[]) {
  const closed = { times: 0 }
  const close = async () => {
    closed.times += 1
  }
  const parts: SubjectParts = {
    ...{ name: 'naive', commands, close },
    ...{ statements: undefined, rows: undefined },
  }
  const subject = await startSubject(parts).catch((error: Error) => error)
  if (!(subject instanceof Error)) onTestFinished(() => subject.stop().catch(() => undefined))
  return { subject, closed }
}

async function running(...commands: readonly SubjectCommand[]) {
  const { subject, closed } = await subjectOf(...commands)
  if (subject instanceof Error) throw subject
  return { subject, closed }
}

async function isListening(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  )
}

test('a subject is killed and started again, process by process, where it was', async () => {
  const pids: number[] = []
  const noted = { ...commandOf(server), onStart: (pid: number) => pids.push(pid) }
  const { subject, closed } = await running(noted, commandOf(server))
  const [first = '', second = ''] = subject.urls
  await subject.kill(0)
  expect(() => process.kill(pids[0] ?? 0, 0)).toThrow('ESRCH')
  expect([await isListening(first), await isListening(second)]).toEqual([false, true])
  await subject.kill(0)
  await subject.restart(0)
  expect([pids.length, await isListening(first)]).toEqual([2, true])
  await expect(subject.restart(0)).rejects.toThrow(`at ${first} is running`)
  await expect(subject.kill(2)).rejects.toThrow('expected a process from 0 to 1, received 2')
  await Promise.all([subject.stop(), subject.stop()])
  expect([await isListening(first), await isListening(second)]).toEqual([false, false])
  expect(closed.times).toBe(1)
})

test('a subject of which one process cannot be started leaves none, and says why', async () => {
  const pids: number[] = []
  const fine = { ...commandOf(server), onStart: (pid: number) => pids.push(pid) }
  const { subject, closed } = await subjectOf(fine, commandOf(`throw new Error('on purpose')`))
  expect(subject).toMatchObject({ message: expect.stringContaining('on purpose') })
  expect(pids).toHaveLength(1)
  expect(() => process.kill(pids[0] ?? 0, 0)).toThrow('ESRCH')
  expect(closed.times).toBe(1)
})

test('a process is started again when whoever took its port has let go', async () => {
  const one = await SubjectProcess.start(commandOf(server))
  onTestFinished(() => one.kill())
  await one.kill()
  const thief = createServer().listen(Number(new URL(one.url).port), '127.0.0.1')
  await once(thief, 'listening')
  const restarting = one.restart()
  const [refused] = await once(thief, 'connection')
  thief.close()
  refused.destroy()
  await restarting
  expect(await isListening(one.url)).toBe(true)
})

test('a process that ended by itself is no success: neither settling nor the end keeps quiet', async () => {
  const { subject, closed } = await running(commandOf(server))
  await isListening(`${subject.urls[0]}/crash`)
  await expect.poll(() => subject.settle().catch(String)).toContain('naive ended by itself')
  await expect(subject.stop()).rejects.toThrow('naive ended by itself')
  expect(closed.times).toBe(1)
})

test('statements are those of all processes, of killed ones too', async () => {
  const { subject } = await running(commandOf(server), commandOf(server))
  expect(await subject.statements()).toBe(1 + 1)
  await subject.kill(0)
  expect(await subject.statements()).toBe(2 + 2)
  await subject.restart(0)
  expect(await subject.statements()).toBe(2 + 1 + 3)
})

test.each([
  ['journal', { journal: { dirty: 3 } }, '3 users are dirty'],
  ['queue', { queue: { waiting: 2, isFlushing: false } }, '2 writes are queued'],
  ['batch in hand', { queue: { waiting: 0, isFlushing: true } }, 'a batch is being written'],
])('a subject has settled when the %s of each process is empty', async (_, waits, words) => {
  const own = (...each: object[]) => commandOf(server, { WAITS: JSON.stringify(each) })
  const { subject } = await running(own(), own(waits, waits, waits, {}))
  await expect(settled(() => subject.urls, 0)).rejects.toThrow(words)
  await subject.settle()
  expect(await subject.statements()).toBeGreaterThanOrEqual(5 + 5)
})
