import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const workspace = fileURLToPath(new URL('../../..', import.meta.url))
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** A started process of ours, and what it wrote so far. */
export interface ServiceProcess {
  readonly pid: number
  readonly output: () => string
  /** Resolves to the URL of each service, by name, when the process says that it is ready. */
  readonly ready: Promise<Readonly<Record<string, string>>>
  /** Resolves when the process has ended and its output was read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  kill(signal: NodeJS.Signals): void
}

const running = new Set<ChildProcess>()
const folders: string[] = []

/** A folder for a test's data, removed by `cleanUp`. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'caching-patterns-'))
  folders.push(folder)
  return folder
}

/** Ends what a failed test left running. */
export async function endRunning(): Promise<void> {
  for (const child of running) {
    process.kill(-(child.pid ?? 0), 'SIGKILL')
    await once(child, 'exit')
  }
}

/** Ends what is running, and removes the folders. */
export async function cleanUp(): Promise<void> {
  await endRunning()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
}

/** `node dist/cli.js NAMES...`, on free ports unless `variables` say otherwise. */
export function startServices(
  names: readonly string[],
  variables: Readonly<Record<string, string>>,
): ServiceProcess {
  return start(process.execPath, [cli, ...names], variables)
}

/** Any command in the workspace's root, leader of a process group of its own. */
export function start(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): ServiceProcess {
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, PORT: '0', ...variables }
  const child = spawn(command, args, { cwd: workspace, env, detached: true })
  running.add(child)
  let output = ''
  const progress = new EventTarget()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      progress.dispatchEvent(new Event('output'))
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child)
    progress.dispatchEvent(new Event('output'))
    return { code, signal }
  })
  const ready = new Promise<Readonly<Record<string, string>>>((resolve, reject) => {
    progress.addEventListener('output', () => {
      if (output.includes('\nCtrl-C stops.\n')) resolve(urlsIn(output))
      else if (child.exitCode !== null) reject(new Error(`ended before it was ready:\n${output}`))
    })
  })
  // Whoever waits for the end alone is not told twice.
  ready.catch(() => undefined)
  return {
    pid: child.pid ?? 0,
    output: () => output,
    ready,
    ended,
    kill: (signal) => child.kill(signal),
  }
}

function urlsIn(output: string): Record<string, string> {
  const rows = output.matchAll(/^ {2}([a-z-]+) +(http:\/\/\S+:[0-9]+) /gm)
  return Object.fromEntries([...rows].map(([, name = '', url = '']) => [name, url]))
}
