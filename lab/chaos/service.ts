import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Failure } from '../replay/failure.ts'

/** How a process of a service is started. */
export interface ServiceCommand {
  readonly name: string
  /** Of `node`. */
  readonly args: readonly string[]
  readonly folder: string
  /** All that it gets, beside `PATH` and `HOME`. */
  readonly environment: Readonly<Record<string, string>>
  /** Default 30 s. */
  readonly startWithinMs?: number
}

/** One life of a service process. */
export interface Service {
  readonly pid: number
  hasEnded(): boolean
  /** Resolves when it is gone. */
  readonly ended: Promise<void>
  /** SIGKILL, SIGSTOP or SIGCONT; nothing for one that is gone. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
  /** The last lines that it wrote. */
  output(): string
}

const usualStartMs = 30_000
const keptLines = 40

/** The processes that run now: none outlives this one, stopped ones included. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
/** When this process is killed, its end of the channel closes. */
const companion = `data:text/javascript,${encodeURIComponent(`
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
`)}`

/** Starts a service, and resolves when it says where it listens. */
export async function startService(command: ServiceCommand): Promise<Service> {
  const { name, args, folder, environment, startWithinMs = usualStartMs } = command
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['--import', companion, ...args], {
    cwd: folder,
    env: { PATH, HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  running.add(child)
  const lines: string[] = []
  const ended = once(child, 'close').then(() => {
    running.delete(child)
  })
  let hears: (line: string) => void = () => undefined
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream as NonNullable<typeof stream> }).on('line', (line) => {
      lines.push(line)
      if (lines.length > keptLines) lines.shift()
      hears(line)
    })
  }
  const output = () => lines.join('\n')
  const listens = new Promise<true>((resolve) => {
    hears = (line) => {
      if (/^ *[\w-]+ +http:\/\/[^\s/]+:\d+\s/.test(line)) resolve(true)
    }
  })
  if ((await within(startWithinMs, Promise.race([listens, ended]))) !== true) {
    child.kill('SIGKILL')
    throw new Failure(`${name} does not listen:\n${output()}`.trimEnd())
  }
  return {
    pid: child.pid ?? 0,
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    signal: (signal) => {
      child.kill(signal)
    },
    output,
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
