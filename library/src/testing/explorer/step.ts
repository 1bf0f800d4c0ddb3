/** One move of a schedule. Processes, their actors, and the calls of a process are counted from 0. */
export type Step =
  | StepOfProcess
  /** The store forgets the key; time passes to the next end of something in the store. */
  | { readonly kind: 'evict' | 'expire' }

/** One that happens to a process, or to a call that it made. */
export type StepOfProcess =
  /**
   * An actor begins its next operation. A call of a commit draws its version early; a call is executed; its caller
   * learns the result; its caller gives up; it is executed once more.
   */
  | {
      readonly kind: 'start' | 'draw' | 'execute' | 'answer' | 'lose' | 'repeat'
      readonly process: number
      readonly at: number
    }
  /** Its first timer fires; it ends. */
  | { readonly kind: 'fire' | 'crash'; readonly process: number }

/** A step as text, such as `answer 0.3`; `parseStep` reads it. */
export function stepText(step: Step): string {
  if (!('process' in step)) return step.kind
  return 'at' in step ? `${step.kind} ${step.process}.${step.at}` : `${step.kind} ${step.process}`
}

const pattern =
  /^(?:(start|draw|execute|answer|lose|repeat) (\d+)\.(\d+)|(fire|crash) (\d+)|(evict|expire))$/

/** Throws a `TypeError` for text that names no step. */
export function parseStep(text: string): Step {
  const match = pattern.exec(text)
  if (match === null) {
    throw new TypeError(`schedule: expected a step such as "answer 0.3", received ${text}`)
  }
  const [, withAt, process, at, withProcess, alone, bare] = match
  if (withAt !== undefined) {
    return { kind: withAt, process: Number(process), at: Number(at) } as Step
  }
  if (withProcess !== undefined) return { kind: withProcess, process: Number(alone) } as Step
  return { kind: bare } as Step
}
