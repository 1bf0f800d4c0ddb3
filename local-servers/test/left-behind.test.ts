import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { expect, onTestFinished, test } from 'vitest'
import { childrenOf } from '../src/signal-family.ts'
import { isRunning, until } from './processes.ts'

// Prints what it started, then does what it is told: some of it needs a PostgreSQL, which has children.
const program = `
  const [index, how, kind] = process.argv.slice(1)
  const { startPostgres, startRedis } = await import(index)
  const server = await (kind === 'PostgreSQL' ? startPostgres() : startRedis())
  const redis = await startRedis({ tls: true })
  console.log(JSON.stringify({ pids: [server.pid, redis.pid], file: redis.caPath }))
  if (how === 'throws') setTimeout(() => { throw new Error('on purpose') })
  if (how === 'exits') process.exit(0)
  if (how === 'pauses') server.pause()
  if (how !== 'returns') setInterval(() => {}, 1_000)`
const index = pathToFileURL(`${import.meta.dirname}/../dist/index.js`).href

describeWith(['redis', 'postgres'], 'servers that nobody stopped', () => {
  test.each([
    ['returns', 'Redis', undefined, 0],
    ['exits', 'PostgreSQL', undefined, 0],
    ['throws', 'Redis', undefined, 1],
    ['waits', 'Redis', 'SIGINT', null],
    ['waits', 'Redis', 'SIGTERM', null],
    ['waits', 'PostgreSQL', 'SIGKILL', null],
    ['pauses', 'PostgreSQL', 'SIGKILL', null],
  ] as const)(
    'end with a process that %s, %s too (%s)',
    async (how, kind, signal, expectedCode) => {
      const run = ['--input-type=module', '--eval', program, index, how, kind]
      const child = spawn(process.execPath, run)
      onTestFinished(() => void child.kill('SIGKILL'))
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
      const ended = new Promise((resolve) => child.on('exit', resolve))
      await until(() => output.endsWith('\n'))
      const { pids: parents, file } = JSON.parse(output) as { pids: number[]; file: string }
      const pids = parents.flatMap((pid) => [pid, ...childrenOf(pid)])
      if (signal) {
        expect(pids.filter(isRunning)).toEqual(pids)
        expect(existsSync(file)).toBe(true)
        child.kill(signal)
      }
      expect(await ended).toBe(expectedCode)
      await until(() => !pids.some(isRunning) && !existsSync(file))
    },
  )
})
