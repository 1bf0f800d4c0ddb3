import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import type { ServerFolder } from './server-folder.ts'
import { isInUse, type ServerProcess, type ServerProgram, startProcess } from './server-process.ts'

/** Signals that end Redis and PostgreSQL. */
export type EndingSignal = 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGQUIT'

/** A server on 127.0.0.1 that belongs to this process, and ends with it. */
export interface LocalServer {
  readonly url: string
  readonly port: number
  /** Of the process that runs now: another one after each restart. */
  readonly pid: number
  /** Ends it at once, and removes its folder. Again: does nothing. */
  stop(): Promise<void>
  /** Sends a signal, SIGKILL unless another is named, and resolves when the process and its children are gone. */
  kill(signal?: EndingSignal): Promise<void>
  /** Hangs it, children included: connections stay, and nothing is answered. */
  pause(): void
  /** Wakes it up again. */
  resume(): void
  /** Ends it in good order if it still runs, and starts it again, on its port and with what it kept on disk. */
  restart(): Promise<void>
  /** The last lines that it wrote. */
  output(): string
}

/** What tells one kind of server from another. */
export interface ServerKind {
  readonly folder: ServerFolder
  program(port: number): Omit<ServerProgram, 'folder'>
  url(port: number): string
  /** Ends it in good order. */
  readonly endingSignal: EndingSignal
  /** Ends it at once, with nothing left outside of its folder. */
  readonly stoppingSignal: EndingSignal
  /** Names a port to try. */
  readonly pickPort: (() => Promise<number>) | undefined
}

const startAttempts = 10
const samePortWithinMs = 10_000

/** Starts a server on a free port; takes another one if somebody was faster. */
export async function startServer(kind: ServerKind): Promise<LocalServer> {
  const { folder, pickPort = freePort } = kind
  const start = (port: number) => {
    const program = { ...kind.program(port), folder: folder.path }
    return startProcess(program, (pid) => folder.note(pid, kind.stoppingSignal))
  }
  try {
    for (let attempt = 1; ; attempt += 1) {
      const port = await pickPort()
      try {
        return running(kind, port, await start(port), start)
      } catch (error) {
        if (attempt === startAttempts || !isInUse(error)) throw error
      }
    }
  } catch (error) {
    folder.remove()
    throw error
  }
}

function running(
  kind: ServerKind,
  port: number,
  first: ServerProcess,
  start: (port: number) => Promise<ServerProcess>,
): LocalServer {
  let current = first
  let isStopped = false
  const end = async (signal: EndingSignal) => {
    if (!current.hasEnded()) await current.end(signal)
    kind.folder.forget()
  }
  return {
    url: kind.url(port),
    port,
    get pid() {
      return current.pid
    },
    async stop() {
      if (isStopped) return
      isStopped = true
      await end(kind.stoppingSignal)
      kind.folder.remove()
    },
    kill: (signal = 'SIGKILL') => end(signal),
    pause: () => current.pause(),
    resume: () => current.resume(),
    async restart() {
      if (isStopped) throw new Error(`${kind.url(port)} was stopped: its folder is gone`)
      await end(kind.endingSignal)
      current = await patiently(() => start(port))
    },
    output: () => current.output(),
  }
}

/** The port stays: others know it. Whoever has it for a moment may let go. */
async function patiently(start: () => Promise<ServerProcess>): Promise<ServerProcess> {
  const giveUpAt = performance.now() + samePortWithinMs
  for (;;) {
    try {
      return await start()
    } catch (error) {
      if (!isInUse(error) || performance.now() > giveUpAt) throw error
    }
    await delay(50)
  }
}
