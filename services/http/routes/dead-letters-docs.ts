import { Type } from 'typebox'
import type { ProblemCode } from '../codes.ts'
import { answer, problems } from '../documentation.ts'
import { UserId } from '../schemas.ts'
import { etag, prefer, user, writeStatus } from './users-docs.ts'

const params = Type.Object({ user_id: UserId })

const always: readonly ProblemCode[] = [
  ...(['INVALID_QUERY', 'UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED', 'INTERNAL_ERROR'] as const),
  ...(['OVERLOADED', 'STORE_TIMEOUT', 'STORE_UNAVAILABLE', 'CLOSED'] as const),
]
const oneLetter = ['BAD_URL', 'INVALID_ID', 'DEAD_LETTER_NOT_FOUND'] as const
const editing = [
  ...(['INVALID_JSON', 'INVALID_BODY', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const),
  ...(['EMAIL_TAKEN', 'SUPERSEDED', 'DEAD_LETTERED', 'JOURNAL_FULL'] as const),
  ...(['SOURCE_UNAVAILABLE', 'WRITE_OUTCOME_UNKNOWN'] as const),
]

const docs = (summary: string, response: Record<number, unknown>) => ({
  tags: ['admin'],
  summary,
  security: [{ token: [] }],
  response,
})

/** What OpenAPI says of the routes of dead letters, and of the flush. */
export const deadLetterDocs = {
  list: {
    schema: docs('The writes that the database refused, the oldest first', {
      200: answer('Up to 1,000 of them.', {
        type: 'application/json',
        schema: { $ref: 'DeadLetters#' },
      }),
      ...problems(...always),
    }),
  },
  retry: {
    config: {
      inputs: { params, headers: Type.Object({ prefer: prefer() }), isBodyOptional: true },
    },
    schema: {
      ...docs('Writes a dead letter again, as it is or as the body says, and removes it', {
        200: answer('Written, as a `PUT` answers it.', user, { ...etag, ...writeStatus }),
        204: answer('A delete, done again.', undefined, writeStatus),
        ...problems(...always, ...oneLetter, ...editing),
      }),
      body: { $ref: 'UserDraft#' },
    },
  },
  discard: {
    config: { inputs: { params } },
    schema: docs('Forgets a dead letter: what it wrote is given up', {
      204: answer('Forgotten.'),
      ...problems(...always, ...oneLetter),
    }),
  },
  flush: {
    schema: docs('Answers when all that was accepted before is in the database, or refused', {
      204: answer('So it is.'),
      ...problems(...always, 'FLUSH_TIMEOUT'),
    }),
  },
}
