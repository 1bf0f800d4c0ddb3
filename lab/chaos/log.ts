import type { Incoming } from '../soak/exchange.ts'
import { type RecordedRead, type RecordedWrite, type Sent, writeOf } from './record.ts'

/** What the clients of a phase saw. */
export interface Log {
  readonly operations: (RecordedRead | RecordedWrite)[]
  /** Values of writes that were refused: nobody may ever see them. */
  readonly refused: Set<string>
  /** Answers by method and status. */
  readonly statuses: Record<string, number>
  /** Makes each value another one. */
  serial: number
}

/** A request that was sent, or was not, because nobody listened. */
export type Attempt = Sent & {
  readonly wasRefused?: boolean
  /** Of a user that was not there before. */
  readonly isCreate?: boolean
}

/** Keeps a write that may have happened, else its value as one that nobody may see. Answers what it kept. */
export function noteWrite(
  log: Log,
  { wasRefused, ...sent }: Attempt,
  value: string | null,
  answer?: Incoming,
): RecordedWrite | undefined {
  const write = wasRefused ? undefined : writeOf(sent, value, answer)
  if (write !== undefined) log.operations.push(write)
  else if (value !== null) log.refused.add(value)
  return write
}

/** A user that nobody has written before. */
export function draft(log: Log): { readonly name: string; readonly email: string } {
  log.serial += 1
  return { name: `Chaos ${log.serial}`, email: `chaos-${log.serial}@example.com` }
}

/** Of a user that was created; undefined when none was, or nobody knows. */
export function createdId(answer: Incoming | undefined): number | undefined {
  if (answer?.status !== 201) return undefined
  const id = Number(/^\/users\/(\d+)$/.exec(answer.headers.location ?? '')?.[1])
  return Number.isSafeInteger(id) ? id : undefined
}
