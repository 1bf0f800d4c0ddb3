import { Type } from 'typebox'
import type { ProblemCode } from '../codes.ts'
import { answer, problems } from '../documentation.ts'
import { maxWaitSeconds } from '../preference.ts'
import { UserId } from '../schemas.ts'

const params = Type.Object({ user_id: UserId })
export const user = { type: 'application/json', schema: { $ref: 'User#' } }

export const etag = { ETag: 'The version of the user, a strong entity tag.' }
export const writeStatus = {
  'Write-Status':
    '`confirmed`: committed, and the cache knows. `unconfirmed`: committed; an older value may be read until the cache can be told. ' +
    '`accepted`: in the journal. `persisted`: in the database, by way of the journal.',
  'Preference-Applied':
    '`wait=N`: the write, or a newer one of this user, is in the database. Without it: not asked for, or not there after N seconds.',
}
const provenance = {
  'Cache-Status':
    'RFC 9211: `hit; ttl=N`, `fwd=miss; stored`, `fwd=miss; collapsed`, `fwd=bypass`.',
  Age: 'Whole seconds since the entry was stored; on hits.',
  'Server-Timing': 'Milliseconds spent in `cache` and `db`.',
}
const tags = () => Type.Optional(Type.String({ description: '`*`, or versions in double quotes.' }))
const ifNoneMatch = Type.Object({ 'if-none-match': tags() })
export const prefer = () =>
  Type.Optional(
    Type.String({
      description:
        `RFC 7240. \`wait=N\`: answer once the write is in the database, or after N seconds; at most ${maxWaitSeconds}. ` +
        'Only in write-behind is there anything to wait for.',
      examples: ['wait=5'],
    }),
  )
const idempotencyKey = () =>
  Type.Optional(
    Type.String({
      description:
        'A text of 1 to 255 characters in double quotes, one for each user to create. The same key with the same body ' +
        'is answered with the same user for a day, after a lost answer too.',
      examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
    }),
  )
const onWrite = Type.Object({ 'if-match': tags(), 'if-none-match': tags(), prefer: prefer() })

const always = ['BAD_REQUEST', 'INVALID_QUERY', 'RATE_LIMITED', 'INTERNAL_ERROR'] as const
const oneUser = ['BAD_URL', 'INVALID_ID', 'USER_NOT_FOUND'] as const
const withBody = [
  ...(['INVALID_JSON', 'INVALID_BODY', 'EMAIL_TAKEN'] as const),
  ...(['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const),
]
const reading = [
  'OVERLOADED',
  'SOURCE_UNAVAILABLE',
  'LOAD_TIMEOUT',
  'LOAD_OVERLOADED',
  'CLOSED',
] as const
const writing: readonly ProblemCode[] = [
  ...(['JOURNAL_FULL', ...reading, 'STORE_TIMEOUT', 'STORE_UNAVAILABLE'] as const),
  ...(['WRITE_TIMEOUT', 'WRITE_OUTCOME_UNKNOWN'] as const),
]

const conditional = ['INVALID_HEADER', 'VERSION_CONFLICT'] as const

/** What OpenAPI says of the routes of users; of it only the bodies are validated by schema. */
export function userDocs(hasJournal: boolean) {
  const refused: readonly ProblemCode[] = hasJournal ? ['DEAD_LETTERED'] : []
  return {
    get: {
      config: { inputs: { params, headers: ifNoneMatch } },
      schema: {
        tags: ['users'],
        summary: 'One user, from the cache or the database',
        response: {
          200: answer('The user, as it was cached.', user, { ...etag, ...provenance }),
          304: answer('`If-None-Match` names this version.', undefined, { ...etag, ...provenance }),
          ...problems(...always, ...oneUser, ...reading),
        },
      },
    },
    post: postDocs(hasJournal, refused),
    put: {
      config: { inputs: { params, headers: onWrite } },
      schema: {
        tags: ['users'],
        summary: 'Changes name and email of a user',
        body: { $ref: 'UserDraft#' },
        response: {
          200: answer('Changed.', user, { ...etag, ...writeStatus }),
          ...problems(...always, ...oneUser, ...withBody, ...conditional, ...refused, ...writing),
        },
      },
    },
    delete: {
      config: { inputs: { params, headers: onWrite } },
      schema: {
        tags: ['users'],
        summary: 'Deletes a user',
        response: {
          204: answer('Deleted.', undefined, writeStatus),
          ...problems(
            ...always,
            ...oneUser,
            ...conditional,
            ...refused,
            'UNSUPPORTED_MEDIA_TYPE',
            ...writing,
          ),
        },
      },
    },
  }
}

function postDocs(hasJournal: boolean, refused: readonly ProblemCode[]) {
  const headers = Type.Object({
    prefer: prefer(),
    ...(hasJournal && { 'idempotency-key': idempotencyKey() }),
  })
  const ofKey: readonly ProblemCode[] = hasJournal
    ? ['INVALID_HEADER', 'IDEMPOTENCY_KEY_REUSED']
    : []
  return {
    config: { inputs: { headers } },
    schema: {
      tags: ['users'],
      summary: 'Creates a user',
      body: { $ref: 'UserDraft#' },
      response: {
        201: answer('Created.', user, { Location: 'Its path.', ...etag, ...writeStatus }),
        ...problems(...always, ...withBody, ...ofKey, ...refused, ...writing),
      },
    },
  }
}
