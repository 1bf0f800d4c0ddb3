import { Type } from 'typebox'
import type { ProblemCode } from '../codes.ts'
import { answer, problems } from '../documentation.ts'
import { UserId } from '../schemas.ts'

const params = Type.Object({ user_id: UserId })
const user = { type: 'application/json', schema: { $ref: 'User#' } }

const etag = { ETag: 'The version of the user, a strong entity tag.' }
const writeStatus = {
  'Write-Status':
    '`confirmed`: committed, and the cache knows. `unconfirmed`: committed; an older value may be read until the cache can be told. ' +
    '`accepted`: in the journal. `persisted`: in the database, by way of the journal.',
}
const provenance = {
  'Cache-Status':
    'RFC 9211: `hit; ttl=N`, `fwd=miss; stored`, `fwd=miss; collapsed`, `fwd=bypass`.',
  Age: 'Whole seconds since the entry was stored; on hits.',
  'Server-Timing': 'Milliseconds spent in `cache` and `db`.',
}
const tags = () => Type.Optional(Type.String({ description: '`*`, or versions in double quotes.' }))
const ifNoneMatch = Type.Object({ 'if-none-match': tags() })
const ifMatch = Type.Object({ 'if-match': tags(), 'if-none-match': tags() })

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

/** What OpenAPI says of the routes of users; of it only the bodies are validated by schema. */
export const userDocs = {
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
  post: {
    schema: {
      tags: ['users'],
      summary: 'Creates a user',
      body: { $ref: 'UserDraft#' },
      response: {
        201: answer('Created.', user, { Location: 'Its path.', ...etag, ...writeStatus }),
        ...problems(...always, ...withBody, ...writing),
      },
    },
  },
  put: {
    config: { inputs: { params, headers: ifMatch } },
    schema: {
      tags: ['users'],
      summary: 'Changes name and email of a user',
      body: { $ref: 'UserDraft#' },
      response: {
        200: answer('Changed.', user, { ...etag, ...writeStatus }),
        ...problems(
          ...always,
          ...oneUser,
          ...withBody,
          ...(['INVALID_HEADER', 'VERSION_CONFLICT'] as const),
          ...writing,
        ),
      },
    },
  },
  delete: {
    config: { inputs: { params, headers: ifMatch } },
    schema: {
      tags: ['users'],
      summary: 'Deletes a user',
      response: {
        204: answer('Deleted.', undefined, writeStatus),
        ...problems(
          ...always,
          ...oneUser,
          ...(['INVALID_HEADER', 'VERSION_CONFLICT', 'UNSUPPORTED_MEDIA_TYPE'] as const),
          ...writing,
        ),
      },
    },
  },
} as const
