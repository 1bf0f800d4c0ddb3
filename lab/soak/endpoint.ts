import { setTimeout as delay } from 'node:timers/promises'
import type { Exchange, Incoming, Outgoing } from './exchange.ts'
import type { Findings } from './findings.ts'
import type { Tally } from './tally.ts'

/** One process of a service, as a client sees it. */
export interface Endpoint {
  readonly name: string
  readonly exchange: Exchange
  readonly tally: Tally
}

/** Whoever is refused a connection does not ask again at once. */
const pauseAfterFailureMs = 50

/** Sends a request, and counts its answer; undefined, and a finding, when there was none. */
export async function ask(
  { name, exchange, tally }: Endpoint,
  outgoing: Outgoing,
  findings: Findings,
): Promise<Incoming | undefined> {
  const { method } = outgoing
  const sentAt = performance.now()
  try {
    const answer = await exchange.send(outgoing)
    tally.answered(method, answer.status, performance.now() - sentAt)
    return answer
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    tally.answered(method, reason, performance.now() - sentAt)
    findings.add('answers', `${requestText(outgoing)} of ${name}: ${reason}`)
    await delay(pauseAfterFailureMs)
    return undefined
  }
}

/** Whether the status is one of those; else a finding. */
export function isExpected(
  { name }: Endpoint,
  outgoing: Outgoing,
  answer: Incoming,
  expected: readonly number[],
  findings: Findings,
): boolean {
  if (expected.includes(answer.status)) return true
  const words = `expected ${expected.join(' or ')}, received ${answer.status}`
  const detail = answer.body.slice(0, 300)
  findings.add('answers', `${requestText(outgoing)} of ${name}: ${words} ${detail}`)
  return false
}

/** As its like reads: without the id, with the names of its conditions. */
export function requestText({ method, path, headers = {} }: Outgoing): string {
  const names = Object.keys(headers)
  return `${method} ${path.replace(/[0-9]+$/, '{id}')}${names.length > 0 ? ` (${names})` : ''}`
}
