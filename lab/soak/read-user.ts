import { outcomeOf, type ReadOutcome } from '../replay/cache-status.ts'
import { ask, type Endpoint, isExpected } from './endpoint.ts'
import type { Incoming } from './exchange.ts'
import type { Check, Findings } from './findings.ts'
import type { Draft, Ledger, Observation, Reading, Written } from './ledger.ts'

/** What answers are held against. */
export interface Books {
  readonly ledger: Ledger
  readonly findings: Findings
  /** The check that fails when a read shows what it may not. */
  readonly check: Check
}

/**
 * Reads a user, on the condition that it is no longer as `unless` left it, if that is given. Counts
 * the answer, and checks what it shows, unless it is labelled stale.
 */
export async function readUser(
  from: Endpoint,
  id: number,
  { ledger, findings, check }: Books,
  unless?: Written,
): Promise<ReadOutcome | undefined> {
  const headers = unless === undefined ? {} : { 'if-none-match': unless.tag }
  const outgoing = { method: 'GET', path: `/users/${id}`, headers } as const
  const reading = ledger.beginRead(id)
  const answer = await ask(from, outgoing, findings)
  if (answer === undefined || answer.status > 499) from.tally.unsureReads += 1
  if (answer === undefined) return undefined
  const expected = unless === undefined ? [200, 404] : [200, 304, 404]
  if (!isExpected(from, outgoing, answer, expected, findings)) return undefined
  const outcome = count(from, answer)
  if (outcome === undefined) {
    findings.add('answers', `GET /users/${id} of ${from.name}: no Cache-Status that says anything`)
  } else if (isLabelledStale(answer, outcome)) {
    from.tally.labelledStale += 1
  } else {
    const wrong = judge(answer, reading, ledger, unless)
    const cache = answer.headers['cache-status']
    if (wrong !== undefined) findings.add(check, `${from.name}: ${wrong} (${cache})`)
  }
  return outcome
}

function count({ tally }: Endpoint, { headers, status }: Incoming): ReadOutcome | undefined {
  const text = String(headers['cache-status'] ?? '')
  const isUnchanged = status === 304
  const outcome = outcomeOf(text, isUnchanged ? 200 : status)
  if (outcome === undefined) return undefined
  tally.reads[outcome] += 1
  if (outcome === 'miss' && text.includes('; collapsed')) tally.collapsed += 1
  return outcome
}

function isLabelledStale({ headers }: Incoming, outcome: ReadOutcome): boolean {
  return outcome === 'stale' || String(headers['cache-status']).includes('detail=stale')
}

function judge(
  answer: Incoming,
  reading: Reading,
  ledger: Ledger,
  unless: Written | undefined,
): string | undefined {
  if (answer.status === 200 && unless !== undefined && answer.headers.etag === unless.tag) {
    return `user ${reading.id}: 200 with the ETag that If-None-Match named`
  }
  const shown = observationOf(answer, reading.id, ledger, unless)
  return typeof shown === 'string' && shown !== 'absent' ? shown : ledger.check(reading, shown)
}

function observationOf(
  { status, body }: Incoming,
  id: number,
  ledger: Ledger,
  unless: Written | undefined,
): Observation | string {
  if (status === 404) return 'absent'
  if (status === 304 && unless !== undefined) return ledger.draft(unless.serial)
  return userOf(body, id) ?? `user ${id} shows no user of this id: ${body.slice(0, 200)}`
}

/** The user that a body holds; undefined unless it is the one of `id`. */
export function userOf(body: string, id: number): Draft | undefined {
  try {
    const user = JSON.parse(body) as Draft & { id?: unknown }
    const isWhole = typeof user.name === 'string' && typeof user.email === 'string'
    return isWhole && user.id === id ? user : undefined
  } catch {
    return undefined
  }
}
