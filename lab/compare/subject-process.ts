import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '@caching-patterns/local-servers'
import { type Service, type ServiceCommand, startService } from '../chaos/service.ts'
import { Failure } from '../replay/failure.ts'

/** How a process is started, wherever it listens. */
export interface SubjectCommand extends ServiceCommand {
  /** Told of each process that runs: its number. */
  readonly onStart?: (pid: number) => unknown
}

const portAttempts = 5
const samePortWithinMs = 10_000
const pauseMs = 100

/** One place among the processes of a subject, at a port that stays the same. */
export class SubjectProcess {
  readonly url: string
  readonly #command: SubjectCommand
  readonly #port: number
  #service: Service
  #isKilled = false

  private constructor(command: SubjectCommand, port: number, service: Service) {
    this.#command = command
    this.#port = port
    this.#service = service
    this.url = `http://127.0.0.1:${port}`
  }

  /** Starts it on a free port; on another one if somebody was faster. */
  static async start(command: SubjectCommand): Promise<SubjectProcess> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort()
      try {
        return new SubjectProcess(command, port, await startAt(command, port))
      } catch (error) {
        if (attempt === portAttempts || !isPortTaken(error)) throw error
      }
    }
  }

  get isRunning(): boolean {
    return !this.#service.hasEnded()
  }

  /** What it said last, of one that ended, and nobody had killed it. */
  get crash(): string | undefined {
    return this.isRunning || this.#isKilled ? undefined : this.#service.output()
  }

  /** SIGKILL. Resolves when it is gone; of one that is gone at once. */
  async kill(): Promise<void> {
    this.#isKilled ||= this.isRunning
    this.#service.signal('SIGKILL')
    await this.#service.ended
  }

  /** Starts it again, on its port: whoever has that for a moment may let go. */
  async restart(): Promise<void> {
    if (this.isRunning) throw new Failure(`${this.#command.name} at ${this.url} is running`)
    const giveUpAt = performance.now() + samePortWithinMs
    for (;;) {
      try {
        this.#service = await startAt(this.#command, this.#port)
        this.#isKilled = false
        return
      } catch (error) {
        if (!isPortTaken(error) || performance.now() > giveUpAt) throw error
        await delay(pauseMs)
      }
    }
  }
}

async function startAt(command: SubjectCommand, port: number): Promise<Service> {
  const environment = { ...command.environment, PORT: String(port) }
  const service = await startService({ ...command, environment })
  command.onStart?.(service.pid)
  return service
}

/** In the words of the services, and in those of Node. */
function isPortTaken(error: unknown): boolean {
  return error instanceof Failure && /EADDRINUSE|port \d+ is in use/.test(error.message)
}
