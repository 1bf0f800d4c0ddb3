import type { StoredState, Version } from '../../contract/entry.ts'

/** A call of a port, from when the code made it until its caller knows its result. */
export interface Call {
  readonly port: 'store' | 'source'
  readonly method: string
  readonly args: readonly unknown[]
  /** For the reader of a schedule: what is called, and on whose behalf, as long as that one waits. */
  readonly name: string
  readonly by: () => string
  /** Of its process, counted from 0. */
  readonly at: number
  /** False once its caller has given up, or its process has ended. */
  isAwaited: boolean
  /** Present once it was executed. */
  outcome: Outcome | undefined
  /** The version that it was given before it waited for the row. */
  drawn: Version | undefined
  settle(outcome: Outcome): void
}

/** What an execution gave; `text` says all of it, for comparing, `short` what a reader wants to know. */
export interface Outcome {
  readonly value?: unknown
  readonly error?: unknown
  readonly text: string
  readonly short: string
}

const readOnly = new Set(['get', 'getMany', 'load'])

/** Whether it leaves everything as it is. */
export function isReadOnly({ method }: Pick<Call, 'method'>): boolean {
  return readOnly.has(method)
}

/** Whether it writes the row. */
export function isCommit({ port, method }: Pick<Call, 'port' | 'method'>): boolean {
  return port === 'source' && method !== 'load'
}

/** Runs a call now. */
export function outcomeOf(call: Pick<Call, 'method'>, run: () => unknown): Outcome {
  try {
    const value = run()
    const isDone = value === undefined && !isReadOnly(call)
    return { value, text: textOf(value), short: isDone ? 'done' : shortTextOf(value) }
  } catch (error) {
    const text = String((error as Error).message)
    return { error, text: `error ${text}`, short: text }
  }
}

/** A result as text. How long a load took is left out: it differs from run to run. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return 'absent'
  if (typeof value !== 'object') return String(value)
  return JSON.stringify(value, (name, field: unknown) => (name === 'deltaMs' ? undefined : field))
}

/** A result in a few words. */
export function shortTextOf(value: unknown): string {
  if (typeof value !== 'object' || value === null)
    return value === null ? 'absent' : String(value ?? 'absent')
  const { kind, outcome, result, version } = value as Partial<
    StoredState & { outcome: string; result: string; version: Version }
  >
  const row = (value as { readonly value?: { readonly by?: string } }).value?.by
  const at = version === undefined || version === 0 ? '' : ` (version ${version})`
  if (kind !== undefined) return `${kindLetters[kind]}${row === undefined ? '' : ` ${row}${at}`}`
  return `${outcome ?? result ?? row ?? 'done'}${at}`
}

const kindLetters = { value: 'V', negative: 'N', lease: 'L', pending: 'P' } as const
