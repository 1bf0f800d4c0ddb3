import type { HistoryRead, HistoryWrite } from 'caching-patterns/testing'
import type { Incoming } from '../soak/exchange.ts'

/** What a finding needs beside the operation. */
interface Provenance {
  /** The process that was asked. */
  readonly by: string
  /** Its `Cache-Status`, or how a write was answered. */
  readonly said: string
}
export type RecordedRead = HistoryRead & Provenance
export type RecordedWrite = HistoryWrite &
  Provenance & {
    /** Of a user that was not there before. Default false. */
    readonly isCreate?: boolean
  }

/** No id is drawn twice: nothing is written after a delete, so that it has the last version of all. */
export const lastVersion = Number.MAX_SAFE_INTEGER

export interface Sent {
  readonly key: string
  readonly by: string
  readonly startedAt: number
  readonly endedAt: number
}

/** What a read showed; undefined when it says nothing about the user. */
export function readOf(sent: Sent, { status, headers, body }: Incoming): RecordedRead | undefined {
  const said = String(headers['cache-status'] ?? '')
  const isStale = said.includes('detail=stale') || said.includes('ttl=-')
  const read = { ...sent, kind: 'read', isStale, said } as const
  if (status === 404) return { ...read, version: null }
  if (status !== 200) return undefined
  return { ...read, version: versionOf(headers.etag), value: nameOf(body) }
}

/** What a write did; undefined when nothing was written. `answer` is undefined when there was none. */
export function writeOf(
  sent: Sent,
  value: string | null,
  answer: Incoming | undefined,
): RecordedWrite | undefined {
  const said = answer === undefined ? 'no answer' : `${answer.status} ${codeOf(answer)}`.trim()
  const write = { ...sent, kind: 'write', value, said } as const
  const deleted = value === null ? { version: lastVersion } : {}
  if (answer === undefined) {
    return { ...write, ...deleted, outcome: 'unknown', endedAt: Number.POSITIVE_INFINITY }
  }
  const { status, headers } = answer
  if (status < 300) {
    const outcome = headers['write-status'] === 'unconfirmed' ? 'unconfirmed' : 'confirmed'
    return { ...write, version: versionOf(headers.etag), ...deleted, outcome }
  }
  // Of another 503, and of all that is the client's fault, the contract says that nothing was written.
  const isUnknown = status === 503 ? codeOf(answer) === 'WRITE_OUTCOME_UNKNOWN' : status >= 500
  return isUnknown ? { ...write, ...deleted, outcome: 'unknown' } : undefined
}

function versionOf(etag: string | undefined): number {
  const version = Number(/^"(\d+)"$/.exec(etag ?? '')?.[1] ?? Number.NaN)
  // No write has it: a finding.
  return Number.isNaN(version) ? -1 : version
}

function nameOf(body: string): string {
  try {
    return String(JSON.parse(body).name)
  } catch {
    return `no JSON: ${body.slice(0, 100)}`
  }
}

function codeOf({ body }: Incoming): string {
  return /"code":"(\w+)"/.exec(body)?.[1] ?? ''
}
