/**
 * `npm run dev -- NAME...`: compiles on every change, and restarts the services when a file that
 * they import has changed. Ends both with the first signal, or when one of them ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const workspace = fileURLToPath(new URL('../..', import.meta.url))
const tsc = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
)
const cli = fileURLToPath(new URL('cli.js', import.meta.url))

const children: readonly ChildProcess[] = [
  run(tsc, '-b', 'services', '--watch', '--preserveWatchOutput'),
  run('--watch', '--watch-preserve-output', cli, ...process.argv.slice(2)),
]
for (const child of children) {
  child.on('exit', (code) => {
    process.exitCode ??= code ?? 0
    endAll('SIGTERM')
  })
}
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => endAll(signal))
}

/** In a process group of its own, since tsc passes no signal on to the program that it starts. */
function run(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, args, { cwd: workspace, stdio: 'inherit', detached: true })
}

function endAll(signal: NodeJS.Signals): void {
  for (const { pid, exitCode, signalCode } of children) {
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal)
  }
}
