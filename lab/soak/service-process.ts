import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { Failure } from '../replay/failure.ts'
import { companion, type Holdings } from './companion.ts'
import { rssOf } from './memory.ts'
import { troubleOf } from './service-log.ts'
import type { Subject, Trouble } from './subject.ts'

/** How a process of a service is started. */
export interface ServiceCommand {
  readonly name: string
  /** Of `node`. */
  readonly args: readonly string[]
  readonly folder: string
  /** All that it gets, beside `PATH` and `HOME`. */
  readonly environment: Readonly<Record<string, string>>
  /** Whether its listeners can be counted, which costs it a little. Default false. */
  readonly isCounted?: boolean
}

/** A process of a service that tells what it holds. */
export interface ServiceProcess extends Subject {
  /** After its garbage was collected; undefined when it does not answer in time, or has ended. Needs `isCounted`. */
  holdings(): Promise<Holdings | undefined>
}

const startWithinMs = 120_000
const endWithinMs = 15_000
const tellWithinMs = 5_000

/** Starts a service, and resolves when it says where it listens. */
export async function startService(command: ServiceCommand): Promise<ServiceProcess> {
  const { name, args, folder, environment, isCounted = false } = command
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['--import', companion(isCounted), ...args], {
    cwd: folder,
    env: { PATH, HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const ended = once(child, 'close')
  // A child that cannot be started says so below.
  ended.catch(() => undefined)
  const troubles: Trouble[] = []
  let isStopping = false
  onLines(child.stderr, (line) => {
    const isFarewell = isStopping && line.startsWith('SIGTERM: finishing requests')
    if (line.trim() !== '' && !isFarewell) troubles.push({ line })
  })
  let heard: (line: string) => void = () => undefined
  onLines(child.stdout, (line) => {
    const trouble = troubleOf(line)
    if (trouble !== undefined) troubles.push(trouble)
    heard(line)
  })
  const said = () => troubles.map(({ line }) => line).join('\n')
  const listening = new Promise<string>((resolve) => {
    heard = (line) => {
      const url = /^ *[\w-]+ +(http:\/\/[^\s/]+:\d+)\s/.exec(line)?.[1]
      if (url !== undefined) resolve(url)
    }
  })
  const url = await settled(child, listening).catch((error: Error) => {
    child.kill('SIGKILL')
    throw new Failure(`${name} ${error.message}\n${said()}`.trimEnd())
  })
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  return {
    name,
    url,
    hasEnded,
    rssBytes: () => rssOf(child.pid ?? 0),
    collectGarbage() {
      if (child.connected) child.send('collect garbage', () => undefined)
    },
    holdings: () => holdingsOf(child),
    async stop() {
      if (hasEnded()) troubles.push({ line: `ended by itself (${howItEnded(child)})` })
      isStopping = true
      await end(child, ended)
      if (child.exitCode !== 0) troubles.push({ line: `ended with ${howItEnded(child)}` })
      return troubles
    },
  }
}

function onLines(stream: Readable | null, listener: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on('line', listener)
}

async function holdingsOf(child: ChildProcess): Promise<Holdings | undefined> {
  if (!child.connected) return undefined
  const signal = AbortSignal.timeout(tellWithinMs)
  child.send('tell holdings', () => undefined)
  const [holdings] = await once(child, 'message', { signal }).catch(() => [undefined])
  return holdings as Holdings | undefined
}

/** Rejects when the process ends, or takes too long, before the promise resolves. */
function settled<T>(child: ChildProcess, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) => {
      clearTimeout(timer)
      reject(new Error(what))
    }
    const timer = setTimeout(fail, startWithinMs, `says no URL within ${startWithinMs / 1_000} s`)
    child.on('error', (error) => fail(`cannot be started: ${error.message}`))
    child.on('close', () => fail('ended instead of listening:'))
    promise.then((value) => {
      clearTimeout(timer)
      resolve(value)
    }, reject)
  })
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
  await ended
  clearTimeout(timer)
}

function howItEnded({ exitCode, signalCode }: ChildProcess): string {
  return signalCode ?? `code ${exitCode}`
}
