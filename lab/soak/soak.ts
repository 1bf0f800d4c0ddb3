import { Failure } from '../replay/failure.ts'
import { Client } from './client.ts'
import { compareRows } from './compare-rows.ts'
import { journalDisagreement } from './figures.ts'
import { Findings } from './findings.ts'
import { Ledger } from './ledger.ts'
import { isFlat, mebibytes } from './memory.ts'
import { drained } from './operations.ts'
import type { Traits } from './patterns.ts'
import { type Connected, connect, type Phase, phase } from './phase.ts'
import { zipfPopularity } from './popularity.ts'
import { seededRandom } from './random.ts'
import { type MemoryResult, memoryResult, type SoakResult, trafficResult } from './result.ts'
import type { Subject } from './subject.ts'
import { watchMemory } from './watch-memory.ts'

export interface SoakOptions {
  readonly pattern: string
  readonly traits: Traits
  readonly clients: number
  readonly seconds: number
  /** It goes on until so many were sent, though the time be over. Default 0. */
  readonly minRequests?: number
  /** Users 1 to this are there. */
  readonly users: number
  /** The same requests for the same seed, as far as answers do not decide them. */
  readonly seed: number
  /** How long a request may go without an answer. */
  readonly patienceMs: number
  /** How long the journal may take to drain. */
  readonly drainMs: number
  readonly sampleMs: number
  readonly adminToken: string
  /** Called as time passes, with seconds. */
  readonly onProgress: (seconds: number) => void
}

/** Sends traffic to the processes of one service, checks all that is answered, and ends them. */
export async function soak(
  subjects: readonly Subject[],
  options: SoakOptions,
): Promise<SoakResult> {
  const { pattern, clients: connections, patienceMs, adminToken } = options
  const run = new Run(
    subjects.map((subject) => connect(subject, { connections, patienceMs, adminToken })),
    options,
  )
  try {
    await run.all()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    run.findings.add('answers', error.message)
  } finally {
    await run.end()
  }
  const { traffic, seconds, memory, rowsCompared, notes, findings } = run
  return {
    pattern,
    ...trafficResult(traffic, seconds),
    memory,
    rowsCompared,
    notes,
    findings: findings.all,
  }
}

class Run {
  readonly findings = new Findings()
  readonly notes: string[] = []
  traffic: Phase | undefined
  seconds = 0
  memory: readonly MemoryResult[] = []
  rowsCompared = 0
  readonly #processes: readonly Connected[]
  readonly #options: SoakOptions
  readonly #ledger: Ledger
  #warnings: readonly string[] = []

  constructor(processes: readonly Connected[], options: SoakOptions) {
    this.#processes = processes
    this.#options = options
    const { users, traits } = options
    const name = Date.now().toString(36)
    this.#ledger = new Ledger({ run: name, users, isMonotonic: traits.isMonotonic })
  }

  async all(): Promise<void> {
    this.#warnings = await this.#ready()
    this.notes.push(...this.#warnings)
    this.traffic = await this.#watched(() =>
      phase(this.#processes, this.findings, (endpoints) => this.#sendTraffic(endpoints)),
    )
    await this.#drain(this.traffic)
    for (const { operations } of this.#processes) await operations.clearCache()
    const books = { ledger: this.#ledger, findings: this.findings, check: 'rows' } as const
    await phase(this.#processes, this.findings, async (endpoints) => {
      this.rowsCompared = await compareRows(endpoints, books, this.#options.clients)
    })
    await this.#ready()
  }

  /** What the processes have to say in the end is part of the result. */
  async end(): Promise<void> {
    for (const each of this.#processes) each.close()
    const troubles = await Promise.all(this.#processes.map(({ subject }) => subject.stop()))
    for (const [index, { subject }] of this.#processes.entries()) {
      for (const { line, message } of troubles[index] ?? []) {
        if (message !== undefined && this.#warnings.includes(message)) continue
        this.findings.add('log', `${subject.name}: ${line}`)
      }
    }
  }

  async #ready(): Promise<readonly string[]> {
    const warnings = await Promise.all(this.#processes.map((each) => each.operations.ready()))
    return [...new Set(warnings.flat())]
  }

  async #sendTraffic(endpoints: Phase['endpoints']): Promise<void> {
    const { clients, users, seed, traits, seconds, minRequests = 0, onProgress } = this.#options
    const books = { ledger: this.#ledger, findings: this.findings, check: 'consistency' } as const
    const popularity = zipfPopularity(users, clients, seed)
    const startedAt = performance.now()
    const elapsed = () => (performance.now() - startedAt) / 1_000
    const requests = () => endpoints.reduce((sum, { tally }) => sum + tally.requests, 0)
    const isOver = () =>
      (elapsed() >= seconds && requests() >= minRequests) ||
      this.#processes.some(({ subject }) => subject.hasEnded())
    const timer = setInterval(() => onProgress(Math.min(seconds, Math.round(elapsed()))), 1_000)
    try {
      await Promise.all(
        Array.from({ length: clients }, (_, index) => {
          const random = seededRandom(seed, index)
          return new Client({ index, endpoints, books, popularity, random, ...traits }).run(isOver)
        }),
      )
    } finally {
      clearInterval(timer)
      this.seconds = elapsed()
    }
  }

  /** Does the work, and looks at the memory of the processes meanwhile. */
  async #watched<T>(work: () => Promise<T>): Promise<T> {
    const over = new AbortController()
    const watching = watchMemory(this.#processes, this.#options.sampleMs, over.signal)
    const [done, watched] = await Promise.allSettled([work().finally(() => over.abort()), watching])
    if (watched.status === 'fulfilled') this.#judgeMemory(watched.value)
    if (done.status === 'rejected') throw done.reason
    if (watched.status === 'rejected') throw watched.reason
    return done.value
  }

  #judgeMemory(samples: Awaited<ReturnType<typeof watchMemory>>): void {
    this.memory = this.#processes.map(({ subject }, index) =>
      memoryResult(subject.name, samples[index] ?? []),
    )
    for (const { process, rss, heap } of this.memory) {
      for (const [what, course] of Object.entries({ RSS: rss, heap })) {
        if (isFlat(course) !== false) continue
        const [from, to] = [course.secondQuarter ?? 0, course.lastQuarter ?? 0].map(mebibytes)
        this.findings.add('memory', `${process}: ${what} grew from ${from} to ${to} MiB`)
      }
    }
  }

  async #drain({ before }: Phase): Promise<void> {
    const all = this.#processes.map(({ operations }) => operations)
    const { drainMs } = this.#options
    const left = await drained(all, drainMs)
    if (left > 0) {
      this.findings.add(
        'journal',
        `${left} users are dirty still ${drainMs / 1_000} s after the last write`,
      )
      return
    }
    const after = await Promise.all(all.map((each) => each.figures()))
    const wrong = journalDisagreement(before, after)
    if (wrong !== undefined) this.findings.add('journal', wrong)
  }
}
