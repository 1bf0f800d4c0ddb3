import type { Clock } from '../../contract/clock.ts'
import { outcomeUnknown } from '../../contract/errors.ts'
import type { VersionedSource } from '../../contract/source.ts'
import type { Store } from '../../contract/store.ts'
import { intercepted } from '../fakes/intercepted.ts'
import { settle } from '../manual-clock.ts'
import type { Answered, Begun } from './begun.ts'
import { type Call, isCommit, isReadOnly, type Outcome } from './call.ts'
import { randomOf } from './random.ts'
import type { Floors } from './register.ts'
import type { ExploredRow, Operation, Ports, ProcessScript } from './scenario.ts'
import { key } from './table.ts'

/** What a process needs of the world it is in. */
export interface Surroundings {
  readonly store: Store
  readonly source: VersionedSource<string, ExploredRow>
  now(): number
  /** Time passes to this instant, if it has not passed yet. */
  passTo(instant: number): void
  execute(call: Call): Outcome
  /** An operation ended; `since` is what held when it began. */
  answered(operation: Answered): void
  told(text: string): void
  /** A number for a text; the same for the same text. */
  numberOf(text: string): number
  floors(): Floors
  /** How many steps were taken. */
  steps(): number
}

/** An actor on its way through its script. */
interface Actor<Cache> {
  readonly name: string
  readonly script: readonly Operation<Cache>[]
  /** How many of its operations have begun. */
  begun: number
  /** The operation that runs; absent between two. */
  running: Begun | undefined
}

interface Timer {
  readonly dueAt: number
  readonly by: () => string
  readonly callback: () => void
}

/** A process on its way: its cache runs, and waits for calls and timers, which the schedule answers and fires. */
export class Process<Cache> {
  readonly actors: readonly Actor<Cache>[]
  /** Those that are not over, in the order in which they were made. */
  calls: Call[] = []
  isCrashed = false
  /** Says all that it was told so far, in its order: since its code is deterministic, it says what state it is in. */
  past = 0
  readonly #world: Surroundings
  readonly #cache: Cache
  readonly #ports: Ports
  #made = 0
  #timers: Timer[] = []
  readonly #name: string
  /** On whose behalf its code runs, as far as one can tell from outside. */
  #turnOf: () => string
  /** Before the schedule begins calls are answered at once. */
  #isOpen = true

  constructor(world: Surroundings, { open, actors }: ProcessScript<Cache>, index: number) {
    this.#world = world
    this.#name = actors.length === 1 ? (actors[0]?.name ?? '') : `process ${index + 1}`
    this.#turnOf = () => this.#name
    this.actors = actors.map((actor) => ({ ...actor, begun: 0, running: undefined }))
    this.#ports = {
      store: intercepted(
        world.store,
        (method) => method !== 'now',
        ({ method, args }) => this.#send({ port: 'store', method, args }),
      ),
      source: intercepted(
        world.source,
        (method) => method !== 'nextKey',
        ({ method, args }) => this.#send({ port: 'source', method, args }),
      ),
      clock: this.#clock(),
      random: randomOf(index + 1),
    }
    this.#cache = open(this.#ports)
  }

  /** Runs operations to their end, then waits for the schedule. */
  async prepare(script: readonly Operation<Cache>[]): Promise<void> {
    for (const operation of script) {
      await operation.run(this.#cache, { ...this.#ports, key, row: { by: 'before' } })
    }
    await settle()
    this.#isOpen = false
  }

  get isWaitingForTimers(): boolean {
    return this.#timers.length > 0
  }

  /** Whether a read runs, or is still to come. */
  get isStillReading(): boolean {
    if (this.isCrashed) return false
    return this.actors.some(({ script, begun, running }) => {
      const isReading = running?.operation.kind === 'read'
      return isReading || script.slice(begun).some(({ kind }) => kind === 'read')
    })
  }

  call(at: number): Call | undefined {
    return this.calls.find((call) => call.at === at)
  }

  async start(at: number): Promise<boolean> {
    const actor = this.actors[at]
    const operation = actor?.script[actor.begun]
    if (this.isCrashed || !actor || !operation || actor.running) return false
    actor.begun += 1
    actor.running = {
      actor: actor.name,
      operation: operation as Operation<never>,
      by: actor.script.length === 1 ? actor.name : `${actor.name} ${actor.begun}`,
      since: this.#world.floors(),
      startedAt: this.#world.steps(),
    }
    this.#world.told(`${actor.name}: ${operation.name} begins`)
    const { running } = actor
    const by = () => (actor.running === running ? actor.name : this.#name)
    return this.#tell(by, `s${at}`, () => this.#run(actor, operation))
  }

  /** Executes a call of it now, whether or not anybody waits for it any longer. */
  execute(at: number): boolean {
    const call = this.call(at)
    if (call === undefined || call.outcome !== undefined) return false
    call.outcome = this.#world.execute(call)
    const late = call.isAwaited ? '' : ', though nobody waits for it any more'
    this.#world.told(`${call.by()}: ${call.name} is executed${late} -> ${call.outcome.short}`)
    if (!call.isAwaited) this.#forget(call)
    return true
  }

  /** The caller learns what its call gave. */
  async answer(at: number): Promise<boolean> {
    const call = this.call(at)
    const outcome = call?.outcome
    if (call === undefined || outcome === undefined) return false
    this.#forget(call)
    this.#world.told(`${call.by()}: ${call.name} is answered`)
    return this.#tell(call.by, `a${at}:${outcome.text}`, () => call.settle(outcome))
  }

  /** The caller gives up: the call was executed, or may be executed later. */
  async lose(at: number): Promise<boolean> {
    const call = this.call(at)
    if (!call?.isAwaited) return false
    const lost = new Error(`no answer to ${call.name}`)
    const error = isCommit(call) ? outcomeUnknown(lost) : lost
    call.isAwaited = false
    if (call.outcome !== undefined || isReadOnly(call)) this.#forget(call)
    const when = call.outcome === undefined ? 'before it is executed' : 'its answer is lost'
    this.#world.told(`${call.by()}: ${call.name} times out, ${when}`)
    return this.#tell(call.by, `l${at}`, () => call.settle({ error, text: '', short: '' }))
  }

  /** Its first timer fires. */
  async fire(): Promise<boolean> {
    const [first] = this.#timers
    if (first === undefined || this.isCrashed) return false
    const timer = this.#timers.reduce((a, b) => (b.dueAt < a.dueAt ? b : a), first)
    this.#timers = this.#timers.filter((other) => other !== timer)
    this.#world.told(`${timer.by()}: a timer fires`)
    this.#world.passTo(timer.dueAt)
    return this.#tell(timer.by, 'f', timer.callback)
  }

  crash(): boolean {
    if (this.isCrashed) return false
    this.isCrashed = true
    this.#world.told(`${this.#name}: the process ends`)
    for (const call of this.calls) call.isAwaited = false
    this.calls = this.calls.filter((call) => call.outcome === undefined && !isReadOnly(call))
    return true
  }

  /** All that decides what it may do next. */
  state(): string {
    let text = `|${this.past}${this.isCrashed ? '!' : ''}`
    for (const { running } of this.actors) {
      text += running === undefined ? ';' : `;${running.since.confirmed},${running.since.seen}`
    }
    for (const { at, isAwaited, outcome, drawn } of this.calls) {
      text += ` ${at}${isAwaited ? '' : 'z'}${drawn ?? ''}${outcome === undefined ? '' : `=${outcome.text}`}`
    }
    return text
  }

  /** Its code runs until it waits again. */
  async #tell(by: () => string, input: string, act: () => void): Promise<true> {
    this.past = this.#world.numberOf(`${this.past} ${this.#world.now()} ${input}`)
    const turnOf = this.#turnOf
    this.#turnOf = by
    act()
    await settle()
    this.#turnOf = turnOf
    return true
  }

  #run(actor: Actor<Cache>, operation: Operation<Cache>): void {
    const running = actor.running as Begun
    const end = (ending: Pick<Answered, 'answer' | 'error'>) => {
      actor.running = undefined
      this.#world.answered({ ...running, ...ending })
    }
    operation.run(this.#cache, { ...this.#ports, key, row: { by: running.by } }).then(
      (answer: unknown) => end({ answer }),
      (error: unknown) => end({ error }),
    )
  }

  #send({ port, method, args }: Pick<Call, 'port' | 'method' | 'args'>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call: Call = {
        port,
        method,
        args,
        name: nameOf({ port, method }),
        at: this.#made,
        by: this.#turnOf,
        isAwaited: true,
        outcome: undefined,
        drawn: undefined,
        settle: (outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value)),
      }
      this.#made += 1
      if (this.#isOpen) call.settle(this.#world.execute(call))
      else this.calls.push(call)
    })
  }

  #forget(call: Call): void {
    this.calls = this.calls.filter((other) => other !== call)
  }

  #clock(): Clock {
    return {
      now: () => this.#world.now(),
      after: (delayMs, callback) => {
        const dueAt = this.#world.now() + Math.max(0, delayMs)
        const timer = { dueAt, by: this.#turnOf, callback }
        this.#timers.push(timer)
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer)
        }
      },
    }
  }
}

/** `claimRefresh` as CLAIM REFRESH; of a commit what it commits. */
function nameOf(call: Pick<Call, 'port' | 'method'>): string {
  const words = call.method.replace(/[A-Z]/g, ' $&')
  return (isCommit(call) ? `commit of ${words}` : words).toUpperCase()
}
