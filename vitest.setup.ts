import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { TestProject } from 'vitest/node'
// By path: the conditions of vitest.config.ts are for tests, and `dist` is not there yet.
import { startTestServers } from './local-servers/src/index.ts'

/**
 * Before the first test: starts the servers that tests share, and brings `dist` up to date, which tests that start
 * processes run. After the last one: ends the servers, and says what was skipped for want of one.
 */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const [servers] = await Promise.all([startTestServers(), build()])
  provide('localServers', servers.provided)
  return async () => {
    await servers.stop()
    if (servers.notice) process.stderr.write(`\n${servers.notice}\n`)
  }
}

/** Type errors are shown and do not stop the run, since files are emitted all the same; `npm test` refuses them earlier. */
async function build(): Promise<void> {
  const tsc = ['node_modules/typescript/bin/tsc', '-b', 'services', 'lab', 'local-servers']
  const child = spawn(process.execPath, tsc, {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [errors, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (code !== 0) process.stderr.write(errors)
}
