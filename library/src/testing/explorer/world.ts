import { type Answered, type Begun, endingText } from './begun.ts'
import { type Call, outcomeOf, shortTextOf } from './call.ts'
import { Keeper } from './keeper.ts'
import { Process, type Surroundings } from './process.ts'
import { type Breach, Register } from './register.ts'
import type { Faults, ReadAnswer, Scenario, WriteAnswer } from './scenario.ts'
import type { Step, StepOfProcess } from './step.ts'
import { sourceFace, Table } from './table.ts'

const startAt = Date.UTC(2025, 0, 1)
const noFaults: Budget = {
  timeouts: 0,
  crashes: 0,
  evictions: 0,
  lostMarks: 0,
  expiries: 0,
  repeats: 0,
  timers: 0,
}

type Budget = { -readonly [Fault in keyof Faults]-?: number }

/** A promise that was broken. */
export interface Violation {
  readonly reason: Breach['reason'] | 'never-answered'
  readonly message: string
}

/** What can happen next: of itself, and as a fault. A call that nobody waits for any more counts among the faults. */
export interface Choices {
  readonly steps: Step[]
  readonly faults: Step[]
}

/** What a world tells about itself. */
export interface Hearing {
  /** A number for a text; the same for the same text. */
  numberOf(text: string): number
  /** What happened at a step, for whoever reads the schedule. */
  readonly onEvent?: ((text: string) => void) | undefined
  readonly onAnswer?: ((answered: Answered) => void) | undefined
}

/** One run of a scenario: real caches over a real store, moved step by step. */
export class World<Cache> {
  readonly table: Table
  readonly #scenario: Scenario<Cache>
  readonly #hearing: Hearing
  readonly #register: Register
  readonly #keeper: Keeper
  readonly #processes: readonly Process<Cache>[]
  readonly #left: Budget
  /** ENDs that may be executed again. */
  readonly #repeatable: { readonly process: number; readonly call: Call }[] = []
  #now = startAt
  #taken = 0
  #wereMarksLost = false
  violation: Violation | undefined

  constructor(scenario: Scenario<Cache>, hearing: Hearing) {
    this.#scenario = scenario
    this.#hearing = hearing
    this.#left = { ...noFaults, ...scenario.faults }
    this.table = new Table(scenario.hasRow ?? true)
    this.#register = new Register(this.table.commits)
    const clock = { now: () => this.#now, after: () => () => {} }
    this.#keeper = new Keeper(() => scenario.store(clock))
    const surroundings = this.#surroundings()
    this.#processes = scenario.processes.map(
      (script, index) => new Process(surroundings(index), script, index),
    )
  }

  /** To be awaited before the first step. */
  async begin(): Promise<void> {
    const { before } = this.#scenario
    for (const [index, process] of this.#processes.entries()) {
      await process.prepare(index === 0 ? (before?.script ?? []) : [])
    }
    this.#now += before?.agoMs ?? 0
    this.#keeper.look()
  }

  /** Whether a promise is broken, or no read runs or is still to come. */
  get isOver(): boolean {
    return this.violation !== undefined || !this.#processes.some((each) => each.isStillReading)
  }

  /** What can happen next. When nothing can, and it is not over, somebody is never answered. */
  choices(): Choices {
    const found = this.#choicesOfProcesses()
    const { evictions, lostMarks, expiries, repeats, timers } = this.#left
    const { kind } = this.#keeper
    const isIdle = found.steps.length === 0
    for (const [process, { isWaitingForTimers, isCrashed }] of this.#processes.entries()) {
      if (!isWaitingForTimers || isCrashed) continue
      if (isIdle) found.steps.push({ kind: 'fire', process })
      else if (timers > 0) found.faults.push({ kind: 'fire', process })
    }
    if (kind !== 'absent' && (kind === 'pending' ? lostMarks : evictions) > 0) {
      found.faults.push({ kind: 'evict' })
    }
    if (expiries > 0 && this.#keeper.nextEnd(this.#now) !== undefined) {
      found.faults.push({ kind: 'expire' })
    }
    for (const { process, call } of repeats > 0 ? this.#repeatable : []) {
      found.faults.push({ kind: 'repeat', process, at: call.at })
    }
    return found
  }

  /** Everything that decides what can still happen, and what of it breaks a promise. Equal texts, equal futures. */
  state(): string {
    const { confirmed, seen } = this.#register.floors
    const { timeouts, crashes, evictions, lostMarks, expiries, repeats, timers } = this.#left
    let text = `${this.#now} ${this.#keeper.text}|${this.table.text}|${confirmed},${seen}|${timeouts}${crashes}${evictions}${lostMarks}${expiries}${repeats}${timers}${this.#wereMarksLost}`
    for (const process of this.#processes) text += process.state()
    for (const { process, call } of repeats > 0 ? this.#repeatable : []) {
      text += ` ${process}.${call.at}`
    }
    return text
  }

  /** Takes a step that `steps` named. False, and nothing has happened, when it cannot be taken. */
  take(step: Step): boolean | Promise<boolean> {
    this.#taken += 1
    if (!('process' in step)) return step.kind === 'evict' ? this.#evict() : this.#expire()
    const process = this.#processes[step.process]
    return process !== undefined && this.#takeOf(process, step)
  }

  #takeOf(process: Process<Cache>, step: StepOfProcess): boolean | Promise<boolean> {
    switch (step.kind) {
      case 'start':
        return process.start(step.at)
      case 'draw':
        return this.#draw(process.call(step.at))
      case 'execute':
        return process.execute(step.at)
      case 'answer':
        return process.answer(step.at)
      case 'repeat':
        return this.#repeat(step)
      case 'lose':
        return this.#spend('timeouts', process.call(step.at)?.isAwaited) && process.lose(step.at)
      case 'crash':
        return this.#spend('crashes', !process.isCrashed) && process.crash()
      case 'fire':
        return this.#fire(process)
    }
  }

  /** Operations that have begun and not ended. */
  unanswered(): Begun[] {
    return this.#processes.flatMap(({ actors }) => actors.flatMap(({ running }) => running ?? []))
  }

  /** Nothing can happen any more, though somebody waits. */
  giveUp(): void {
    const names = this.#processes.flatMap(({ isCrashed, actors }) =>
      isCrashed ? [] : actors.filter(({ running }) => running).map(({ name }) => name),
    )
    this.violation = {
      reason: 'never-answered',
      message: `${names.join(', ')}: no call and no timer is left`,
    }
  }

  #surroundings(): (process: number) => Surroundings {
    const shared = {
      store: this.#keeper.store,
      source: sourceFace,
      now: () => this.#now,
      passTo: (instant: number) => {
        if (instant <= this.#now) return
        this.#now = instant
        this.#keeper.look()
      },
      answered: (answered: Answered) => this.#answered(answered),
      told: (text: string) => this.#hearing.onEvent?.(text),
      numberOf: (text: string) => this.#hearing.numberOf(text),
      floors: () => this.#register.floors,
      steps: () => this.#taken,
    }
    return (process) => ({ ...shared, execute: (call) => this.#execute(process, call) })
  }

  #execute(process: number, call: Call) {
    const { port, method, args, drawn } = call
    return outcomeOf(call, () => {
      if (port === 'source') return this.table.execute(method, args, { now: this.#now, drawn })
      if (method === 'end' && this.#left.repeats > 0) this.#repeatable.push({ process, call })
      return this.#keeper.execute(call, this.#now, `${process}.${call.at}`)
    })
  }

  #answered(answered: Answered): void {
    const { actor, operation, by, since, answer, error } = answered
    this.#hearing.onAnswer?.(answered)
    this.#hearing.onEvent?.(`${actor}: ${operation.name} ${endingText(answered)}`)
    if (error !== undefined || this.violation !== undefined) return
    if (operation.kind === 'write') {
      this.#register.write(operation.isDelete === true ? null : by, answer as WriteAnswer)
    }
    if (operation.kind !== 'read') return
    const breach = this.#register.read(since, answer as ReadAnswer)
    const isAsked = this.#scenario.promise === 'linearizable' && !this.#wereMarksLost
    if (breach === undefined || (breach.reason === 'not-linearizable' && !isAsked)) return
    this.violation = { ...breach, message: `${actor}: ${operation.name} ${breach.message}` }
  }

  /** What processes can do without a fault, and with one. */
  #choicesOfProcesses(): Choices {
    const found: Choices = { steps: [], faults: [] }
    for (const [index, process] of this.#processes.entries())
      this.#addChoices(process, index, found)
    return found
  }

  #addChoices(
    { actors, calls, isCrashed }: Process<Cache>,
    process: number,
    { steps, faults }: Choices,
  ): void {
    for (const [at, { running, begun, script }] of actors.entries()) {
      if (isCrashed || running !== undefined || begun === script.length) continue
      steps.push({ kind: 'start', process, at })
    }
    for (const call of calls) {
      const { at, isAwaited, outcome } = call
      // one that nobody waits for keeps no timer from firing
      const list = isAwaited ? steps : faults
      list.push({ kind: outcome === undefined ? 'execute' : 'answer', process, at })
      if (isAwaited && this.#left.timeouts > 0) faults.push({ kind: 'lose', process, at })
      if (this.#mayDraw(call)) faults.push({ kind: 'draw', process, at })
    }
    const isBusy = actors.some(({ running }) => running !== undefined)
    if (isBusy && !isCrashed && this.#left.crashes > 0) faults.push({ kind: 'crash', process })
  }

  #spend(fault: keyof Faults, isPossible = true): boolean {
    if (!isPossible || this.#left[fault] === 0) return false
    this.#left[fault] -= 1
    return true
  }

  #evict(): boolean {
    const { kind, shown } = this.#keeper
    if (kind === 'absent' || !this.#spend(kind === 'pending' ? 'lostMarks' : 'evictions'))
      return false
    if (kind === 'pending') this.#wereMarksLost = true
    this.#hearing.onEvent?.(`the store forgets ${shown}`)
    this.#keeper.forget()
    return true
  }

  #expire(): boolean {
    const end = this.#keeper.nextEnd(this.#now)
    if (end === undefined || !this.#spend('expiries')) return false
    const { shown } = this.#keeper
    const passed = end - this.#now
    this.#now = end
    this.#keeper.look()
    this.#hearing.onEvent?.(`${passed} ms pass, and ${shown} ends: ${this.#keeper.shown}`)
    return true
  }

  #mayDraw({ method, outcome, drawn }: Call): boolean {
    if (this.#scenario.drawsVersionsEarly !== true) return false
    return method === 'put' && outcome === undefined && drawn === undefined
  }

  #draw(call: Call | undefined): boolean {
    if (call === undefined || !this.#mayDraw(call)) return false
    call.drawn = this.table.draw()
    this.#hearing.onEvent?.(`${call.by()}: ${call.name} draws version ${call.drawn}`)
    return true
  }

  #repeat({ process, at }: { readonly process: number; readonly at: number }): boolean {
    const found = this.#repeatable.find((each) => each.process === process && each.call.at === at)
    if (found === undefined || !this.#spend('repeats')) return false
    const { call } = found
    const result = this.#keeper.execute(call, this.#now, `${process}.${at}`)
    this.#hearing.onEvent?.(
      `${call.by()}: ${call.name} is executed once more -> ${shortTextOf(result)}`,
    )
    return true
  }

  /** Costs a fault where somebody could still act. */
  #fire(process: Process<Cache>): boolean | Promise<boolean> {
    const isFault = this.#choicesOfProcesses().steps.length > 0
    if (isFault && !this.#spend('timers')) return false
    return process.fire()
  }
}
