import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { signalFamily } from './signal-family.ts'
import type { User } from './unprivileged-user.ts'
import { within } from './within.ts'

/** A program, and how it says that it accepts connections. */
export interface ServerProgram {
  readonly file: string
  readonly args: readonly string[]
  readonly folder: string
  readonly ready: RegExp
  /** Who runs it; this process's own user unless given. */
  readonly user: User | undefined
}

/** A process that accepts connections, or did. */
export interface ServerProcess {
  readonly pid: number
  readonly hasEnded: () => boolean
  /** Sends the signal, and waits until the process and its children are gone; rejects after 10 s. */
  end(signal: NodeJS.Signals): Promise<void>
  pause(): void
  resume(): void
  /** The last lines that it wrote. */
  output(): string
}

/** Whether somebody else has the port, or the process before has not quite let go of its memory. */
export function isInUse(error: unknown): boolean {
  const inUse = /address already in use|pre-existing shared memory block/i
  return error instanceof ServerStartError && inUse.test(error.message)
}

/** A program that ended, or kept silent, instead of accepting connections. */
class ServerStartError extends Error {
  override readonly name = 'ServerStartError'

  constructor(message: string, output: string) {
    super(`${message}; its last lines:\n${output.trim()}`)
  }
}

const startWithinMs = 30_000
const endWithinMs = 10_000
const keptCharacters = 8_000

/**
 * Starts a program, and resolves when it accepts connections. `started` gets its pid at once. A running server
 * keeps nobody's process alive.
 */
export async function startProcess(
  program: ServerProgram,
  started: (pid: number) => void,
): Promise<ServerProcess> {
  const child = spawn(program.file, program.args, {
    cwd: program.folder,
    // In English, and by no settings but the given ones.
    env: { PATH: process.env.PATH, LC_ALL: 'C', HOME: program.folder },
    // Ctrl-C is for those who use the server; it ends after them.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...program.user,
  })
  if (child.pid !== undefined) started(child.pid)
  const pipes = [child.stdout, child.stderr] as unknown as Socket[]

  let output = ''
  let heard = () => {}
  for (const pipe of pipes) {
    pipe.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptCharacters)
      heard()
    })
  }
  // Of the pipes too, which a server's own children share: none of them is left.
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`cannot be started: ${error.message}`))
    child.on('close', (code, signal) => resolve(`ended with ${signal ?? `code ${code}`}`))
  })
  const accepts = new Promise<'accepts'>((resolve) => {
    heard = () => program.ready.test(output) && resolve('accepts')
  })

  const outcome = await within(startWithinMs, Promise.race([accepts, ended]))
  heard = () => {}
  if (outcome !== 'accepts') {
    child.kill('SIGKILL')
    const what = outcome ?? `accepts no connections after ${startWithinMs / 1_000} s`
    throw new ServerStartError(`${program.file} ${what}`, output)
  }
  for (const handle of [child, ...pipes]) handle.unref()
  const pid = child.pid ?? 0
  return {
    pid,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async end(signal) {
      for (const handle of [child, ...pipes]) handle.ref()
      // Nobody who is paused hears anything else.
      signalFamily(pid, 'SIGCONT')
      child.kill(signal)
      if ((await within(endWithinMs, ended)) !== undefined) return
      throw new Error(`${program.file} is still there ${endWithinMs / 1_000} s after ${signal}`)
    },
    pause: () => signalFamily(pid, 'SIGSTOP'),
    resume: () => signalFamily(pid, 'SIGCONT'),
    output: () => output,
  }
}
