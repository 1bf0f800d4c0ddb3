import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Failure } from '../../replay/failure.ts'
import type { Defer, Worker } from '../group.ts'

/** A server that runs in a process of its own. */
export interface MeasuredProcess extends Worker {
  /** Where it listens, without a slash at the end. */
  readonly url: string
}

/** The command of a server that says on standard output where it listens. */
export interface ServerCommand {
  readonly name: string
  /** Of `node`. */
  readonly args: readonly string[]
  readonly folder: string
  /** All that it gets, beside `PATH` and `HOME`. */
  readonly environment: Readonly<Record<string, string>>
}

const reporter = new URL('cpu-reporter.js', import.meta.url).href
const startWithinMs = 30_000
const endWithinMs = 10_000

/** Starts a server, and resolves when it says its URL. It is ended in good order when the group is over. */
export async function startMeasured(
  command: ServerCommand,
  defer: Defer,
): Promise<MeasuredProcess> {
  const { name, args, folder, environment } = command
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['--import', reporter, ...args], {
    cwd: folder,
    env: { PATH, HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  defer(() => end(child, ended))
  const url = await urlOf(child, name)
  const ask = async (question: string) => {
    const answer = once(child, 'message')
    const lost = ended.then(() => {
      throw new Failure(`${name} has ended while it was measured`)
    })
    child.send(question)
    const [figure] = (await Promise.race([answer, lost])) as [number]
    return figure
  }
  return {
    url,
    cpuUs: () => ask('CPU time'),
    countAllocation: async () => void (await ask('count allocation')),
    allocatedBytes: () => ask('allocated bytes'),
    async collectGarbage() {
      await ask('collect garbage')
    },
  }
}

function urlOf(child: ChildProcess, name: string): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    const fail = (what: string) => {
      clearTimeout(timer)
      reject(new Failure(`${name} ${what}:\n${output.trim().slice(-2_000)}`))
    }
    const timer = setTimeout(fail, startWithinMs, `says no URL within ${startWithinMs / 1_000} s`)
    child.on('error', (error) => fail(`cannot be started: ${error.message}`))
    child.on('close', () => fail('ended instead of listening'))
    for (const pipe of [child.stdout, child.stderr]) {
      // Read to the end, else a server that logs comes to a halt.
      pipe?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-10_000)
        const url = /^ *[\w-]+ +(http:\/\/[^\s/]+:\d+)\s/m.exec(output)?.[1]
        if (url === undefined) return
        clearTimeout(timer)
        resolve(url)
      })
    }
  })
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
  await ended
  clearTimeout(timer)
}
