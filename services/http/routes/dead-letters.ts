import type { DeadLetter } from 'caching-patterns'
import type { FastifyInstance } from 'fastify'
import { within } from '../../within.ts'
import { type AdminOptions, guard } from '../admin-guard.ts'
import type { User, UserDraft, UserJournal } from '../port.ts'
import { preferredWait } from '../preference.ts'
import { type Problem, ProblemError, sendProblem } from '../problem.ts'
import { invalidBody, parseUserId, refuseQuery } from '../validation.ts'
import { durabilityFor, sendDeleted, sendWritten } from '../written.ts'
import { deadLetterDocs } from './dead-letters-docs.ts'

interface OneLetter {
  Params: { user_id: string }
}

interface DeadLetterOptions extends AdminOptions {
  readonly flushWithinMs?: number | undefined
  /** No retry waits for the database any longer. */
  readonly closing: AbortSignal
}

/** Letters in one answer, at most. */
export const maxListed = 1_000

/** How long `POST /admin/flush` waits. */
const flushWithinMs = 30_000

/** What write-behind has accepted and the database refused, and the writes that still wait for it. */
export function addDeadLetterRoutes(
  app: FastifyInstance,
  journal: UserJournal,
  options: DeadLetterOptions,
): void {
  const onRequest = guard(options)
  const docs = deadLetterDocs

  app.get('/admin/dead-letters', { onRequest, ...docs.list }, async (request) => {
    refuseQuery(request.url)
    const letters = await journal.deadLetters()
    return { total: letters.length, deadLetters: letters.slice(0, maxListed).map(shown) }
  })

  // A body is not needed: what is wrong with one is said here, not before.
  const retry = { onRequest, attachValidation: true, ...docs.retry }
  app.post<OneLetter & { Body?: UserDraft }>(
    '/admin/dead-letters/:user_id/retry',
    retry,
    async (request, reply) => {
      const id = parseUserId(request.params.user_id)
      refuseQuery(request.url)
      const { body, validationError } = request
      if (body !== undefined && validationError) {
        throw new ProblemError(invalidBody(validationError.validation, body))
      }
      if (body !== undefined && (await isOfDelete(id))) throw new ProblemError(nothingToEdit)
      const wait = preferredWait(request.headers.prefer)
      const written = await journal.retryDeadLetter(id, body, durabilityFor(wait, options.closing))
      const send = written.json === undefined ? sendDeleted : sendWritten
      return send(reply, written, wait)
    },
  )

  app.delete<OneLetter>(
    '/admin/dead-letters/:user_id',
    { onRequest, ...docs.discard },
    async (request, reply) => {
      const id = parseUserId(request.params.user_id)
      refuseQuery(request.url)
      if (!(await journal.discardDeadLetter(id))) return sendProblem(reply, noLetter(id))
      return reply.code(204).send()
    },
  )

  app.post('/admin/flush', { onRequest, ...docs.flush }, async (request, reply) => {
    refuseQuery(request.url)
    const limitMs = options.flushWithinMs ?? flushWithinMs
    await within(limitMs, journal.flush(), () => {
      throw new ProblemError(stillWaiting(limitMs))
    })
    return reply.code(204).send()
  })

  async function isOfDelete(id: number): Promise<boolean> {
    const letter = (await journal.deadLetters()).find(({ key }) => key === id)
    if (letter === undefined) throw new ProblemError(noLetter(id))
    return letter.json === null
  }
}

/** A letter as an admin sees it: the refused write itself, and nothing of the store's own. */
function shown(letter: DeadLetter<number, User>): object {
  const { key: id, version, json, value, sqlstate, reason, attempts, at, supersededBy } = letter
  return {
    id,
    version,
    operation: json === null ? 'delete' : 'update',
    name: value?.name ?? null,
    email: value?.email ?? null,
    sqlstate,
    reason,
    attempts,
    at: new Date(at).toISOString(),
    supersededBy: supersededBy ?? null,
  }
}

const nothingToEdit: Problem = {
  code: 'INVALID_BODY',
  detail: 'body: expected none, since the dead letter is of a delete, received a JSON object',
}

function noLetter(id: number): Problem {
  return { code: 'DEAD_LETTER_NOT_FOUND', detail: `there is no dead letter of user ${id}` }
}

function stillWaiting(ms: number): Problem {
  const detail = `accepted writes still wait for the database after ${ms / 1_000} s; the flush goes on`
  return { code: 'FLUSH_TIMEOUT', detail, retryAfterMs: 5_000 }
}
