import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { Failure } from '../replay/failure.ts'
import type { Call, Order, Outcome, Report, Subject } from './messages.ts'
import type { Row } from './peer.ts'

/** A cache, as its scenario sees it. No call rejects, and none takes longer than `withinMs`. */
export interface Instance {
  get(key: string, withinMs?: number): Promise<Outcome>
  /** So many calls of `get` in one turn of its event loop. */
  getAtOnce(key: string, times: number): Promise<readonly Outcome[]>
  invalidate(key: string, withinMs?: number): Promise<Outcome>
  set(key: string, row: Row, withinMs?: number): Promise<Outcome>
  /** Ends its process at once. */
  stop(): void
}

/** What a call is given before it counts as unanswered. */
export const answerWithinMs = 10_000
const startWithinMs = 60_000
const keptCharacters = 2_000

const worker = join(import.meta.dirname, 'worker.js')

/**
 * Starts a process with one cache, and resolves when it listens, whether or not its cache can be opened. `program`: what
 * the process runs, the worker unless given. A `Failure` when it does not listen within a minute.
 */
export async function startInstance(
  subject: Subject,
  load: (key: string) => Promise<Row>,
  program = worker,
): Promise<Instance> {
  const child = fork(program, [JSON.stringify(subject)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const instance = new ProcessInstance(child, load)
  await instance.listening(`${subject.peer}, ${subject.form}`)
  return instance
}

/** A call that has not been answered. */
interface Waiting {
  answered(outcomes: readonly Outcome[]): void
  died(): void
}

class ProcessInstance implements Instance {
  readonly #child: ChildProcess
  readonly #load: (key: string) => Promise<Row>
  readonly #waiting = new Map<number, Waiting>()
  #id = 0
  #said = ''
  #hasEnded = false
  #heard: (hasStarted: boolean) => void = () => {}

  constructor(child: ChildProcess, load: (key: string) => Promise<Row>) {
    this.#child = child
    this.#load = load
    child.on('message', (report: Report) => this.#hear(report))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-keptCharacters)
    })
    // After `exit` its last words may still be under way.
    child.on('close', () => this.#end())
    child.on('error', () => this.#end())
  }

  async listening(name: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const hasStarted = await new Promise<boolean>((resolve) => {
      this.#heard = resolve
      timer = setTimeout(resolve, startWithinMs, false)
    })
    clearTimeout(timer)
    if (hasStarted) return
    this.stop()
    throw new Failure(`${name}: its process does not start\n${this.#said.trim()}`)
  }

  async get(key: string, withinMs = answerWithinMs): Promise<Outcome> {
    return only(await this.#call({ method: 'get', key, times: 1 }, withinMs))
  }

  getAtOnce(key: string, times: number): Promise<readonly Outcome[]> {
    return this.#call({ method: 'get', key, times }, answerWithinMs)
  }

  async invalidate(key: string, withinMs = answerWithinMs): Promise<Outcome> {
    return only(await this.#call({ method: 'invalidate', key, times: 1 }, withinMs))
  }

  async set(key: string, row: Row, withinMs = answerWithinMs): Promise<Outcome> {
    return only(await this.#call({ method: 'set', key, row, times: 1 }, withinMs))
  }

  stop(): void {
    if (!this.#hasEnded) this.#child.kill('SIGKILL')
  }

  #call(call: Call, withinMs: number): Promise<readonly Outcome[]> {
    const all = (outcome: Outcome) => Array.from({ length: call.times }, () => outcome)
    if (this.#hasEnded) return Promise.resolve(all(this.#death()))
    this.#id += 1
    const id = this.#id
    return new Promise((resolve) => {
      const settle = (outcomes: readonly Outcome[]) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        resolve(outcomes)
      }
      const timer = setTimeout(() => settle(all({ kind: 'silence', ms: withinMs })), withinMs)
      this.#waiting.set(id, { answered: settle, died: () => settle(all(this.#death())) })
      this.#send({ kind: 'call', id, call })
    })
  }

  #hear(report: Report): void {
    if (report.kind === 'listening') this.#heard(true)
    else if (report.kind === 'outcomes') this.#waiting.get(report.id)?.answered(report.outcomes)
    else void this.#answer(report.id, report.key)
  }

  async #answer(id: number, key: string): Promise<void> {
    try {
      this.#send({ kind: 'loaded', id, row: await this.#load(key) })
    } catch (error) {
      this.#send({ kind: 'refused', id, message: (error as Error).message })
    }
  }

  /** To a process that has just ended nothing can be sent, and nobody needs it. */
  #send(order: Order): void {
    if (this.#child.connected) this.#child.send(order, () => undefined)
  }

  #end(): void {
    this.#hasEnded = true
    this.#heard(false)
    for (const { died } of [...this.#waiting.values()]) died()
  }

  #death(): Outcome {
    return { kind: 'death', message: lastError(this.#said), ms: 0 }
  }
}

function only(outcomes: readonly Outcome[]): Outcome {
  return outcomes[0] ?? { kind: 'nothing', ms: 0 }
}

/** The line of a stack trace that says what went wrong. */
function lastError(said: string): string {
  const line = said.split('\n').filter((each) => /^\s*(?:\[?\w*Error\b|\[?cause)/.test(each))
  return line.at(-1)?.trim() ?? said.trim().split('\n').at(-1) ?? ''
}
