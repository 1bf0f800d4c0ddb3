import { ask, type Endpoint, isExpected, requestText } from './endpoint.ts'
import type { Incoming, Outgoing } from './exchange.ts'
import { type Books, userOf } from './read-user.ts'

/** What a write sends, and how it may be answered. */
export interface Write {
  readonly outgoing: Outgoing
  readonly expected: number
  /** What an acknowledgement may say. */
  readonly acknowledgements: readonly string[]
}

/** What became of a write: `done` as expected; `refused`: nothing was written; `unknown`: nobody can tell. */
export type Outcome =
  | { readonly became: 'done'; readonly answer: Incoming }
  | { readonly became: 'refused' | 'unknown' }

/** Sends a write, counts it, and checks its answer. */
export async function writeUser(to: Endpoint, write: Write, { findings }: Books): Promise<Outcome> {
  const { outgoing, expected, acknowledgements } = write
  const answer = await ask(to, outgoing, findings)
  count(to, outgoing, answer)
  if (answer === undefined) return { became: 'unknown' }
  if (!isExpected(to, outgoing, answer, [expected], findings)) {
    const isRefused = answer.status >= 400 && answer.status < 500
    return { became: isRefused ? 'refused' : 'unknown' }
  }
  const status = String(answer.headers['write-status'])
  if (answer.status < 300 && !acknowledgements.includes(status)) {
    const words = `expected Write-Status ${acknowledgements.join(' or ')}, received ${status}`
    findings.add('answers', `${requestText(outgoing)} of ${to.name}: ${words}`)
    // It is durable, and readers may see what was before.
    if (status === 'unconfirmed') return { became: 'unknown' }
  }
  return { became: 'done', answer }
}

/** A finding when the answer is not the user that was sent. */
export function checkWritten(
  to: Endpoint,
  answer: Incoming,
  id: number,
  sent: { readonly name: string; readonly email: string },
  { findings }: Books,
): void {
  const user = userOf(answer.body, id)
  if (user?.name === sent.name && user.email === sent.email && answer.headers.etag) return
  findings.add(
    'answers',
    `write of user ${id} to ${to.name}: expected ${JSON.stringify(sent)} and an ETag, received ${answer.headers.etag} ${answer.body.slice(0, 200)}`,
  )
}

function count({ tally }: Endpoint, { headers = {} }: Outgoing, answer: Incoming | undefined) {
  const isHiddenRead = 'if-none-match' in headers
  if (answer === undefined || answer.status > 499) {
    tally.unsureWrites += 1
    if (isHiddenRead) tally.unsureReads += 1
    return
  }
  tally.writes += 1
  if (isHiddenRead) tally.hiddenReads += 1
  const status = answer.headers['write-status']
  if (status === 'accepted' || status === 'persisted') tally.accepted += 1
  if (status === 'unconfirmed') tally.unconfirmed += 1
  if (answer.status === 409) tally.emailTaken += 1
}
