import { Failure } from '../replay/failure.ts'
import type { RunningSubject, SubjectName } from './subject.ts'
import { type SubjectCommand, SubjectProcess } from './subject-process.ts'
import { clearCacheAt, settled, statsOf } from './subject-stats.ts'

/** What a subject is started with. */
export interface SubjectParts {
  readonly name: SubjectName
  /** One for each process. */
  readonly commands: readonly SubjectCommand[]
  /** Undefined: its processes are asked. */
  readonly statements: (() => Promise<number>) | undefined
  readonly rows: RunningSubject['rows']
  /** Removes what it leaves: called once, after its processes are gone, also when the start fails. */
  close(): Promise<void>
}

/** Starts the processes of a subject; if one cannot be started, none is left. */
export async function startSubject(parts: SubjectParts): Promise<RunningSubject> {
  const starting = parts.commands.map((command) => SubjectProcess.start(command))
  const outcomes = await Promise.allSettled(starting)
  const processes = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const failed = outcomes.find((each) => each.status === 'rejected')
  if (failed === undefined) return new ProcessSubject(parts, processes)
  await Promise.all(processes.map((each) => each.kill()))
  await parts.close()
  throw failed.reason
}

class ProcessSubject implements RunningSubject {
  readonly name: SubjectName
  readonly urls: readonly string[]
  readonly rows: RunningSubject['rows']
  readonly #parts: SubjectParts
  readonly #processes: readonly SubjectProcess[]
  /** Of processes that were killed. */
  #pastStatements = 0
  #stopping: Promise<void> | undefined

  constructor(parts: SubjectParts, processes: readonly SubjectProcess[]) {
    this.name = parts.name
    this.urls = processes.map(({ url }) => url)
    this.rows = parts.rows
    this.#parts = parts
    this.#processes = processes
  }

  async statements(): Promise<number> {
    const { statements } = this.#parts
    if (statements !== undefined) return statements()
    const counts = await Promise.all(this.#running().map(statementsAt))
    return counts.reduce((sum, count) => sum + count, this.#pastStatements)
  }

  async clearCache(): Promise<void> {
    const [url] = this.#running()
    if (url === undefined) throw new Failure(`${this.name}: none of its processes is running`)
    await clearCacheAt(url)
  }

  settle(): Promise<void> {
    return settled(() => {
      this.#refuseCrash()
      return this.#running()
    })
  }

  async kill(index: number): Promise<void> {
    const one = this.#processAt(index)
    if (this.#parts.statements === undefined && one.isRunning) {
      // What it sends between this answer and its end nobody counts. One that is busy may not answer at all.
      this.#pastStatements += await statementsAt(one.url).catch(() => 0)
    }
    await one.kill()
  }

  restart(index: number): Promise<void> {
    return this.#processAt(index).restart()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const crash = this.#crash()
    await Promise.all(this.#processes.map((each) => each.kill()))
    await this.#parts.close()
    if (crash !== undefined) throw crash
  }

  #running(): string[] {
    return this.#processes.filter(({ isRunning }) => isRunning).map(({ url }) => url)
  }

  #processAt(index: number): SubjectProcess {
    const one = this.#processes[index]
    if (one !== undefined) return one
    const last = this.#processes.length - 1
    throw new RangeError(`${this.name}: expected a process from 0 to ${last}, received ${index}`)
  }

  #crash(): Failure | undefined {
    const crash = this.#processes.find((each) => each.crash !== undefined)?.crash
    return crash === undefined ? undefined : new Failure(`${this.name} ended by itself:\n${crash}`)
  }

  #refuseCrash(): void {
    const crash = this.#crash()
    if (crash !== undefined) throw crash
  }
}

async function statementsAt(url: string): Promise<number> {
  const { database } = await statsOf(url)
  if (database !== undefined) return database.statements
  throw new Failure(`${url}/stats: expected database.statements, received none`)
}
