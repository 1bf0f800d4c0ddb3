import { Type } from 'typebox'
import { problemCodeNames } from './codes.ts'
import { patternNames } from './port.ts'

/** Characters are code points: JSON Schema counts and matches them so. */
const Name = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^(?=\\s*\\S)[^\\p{Cc}\\p{Cs}]*$',
  description: 'Not only blanks; no control characters, no unpaired surrogates.',
  examples: ['Ada'],
})

const Email = Type.String({
  format: 'email',
  maxLength: 320,
  description: 'Unique within a service, compared case-insensitively, returned as given.',
  examples: ['ada@example.com'],
})

export const UserId = Type.String({
  pattern: '^[1-9][0-9]*$',
  description: 'A whole number from 1 to 2^53 - 1.',
  examples: ['42'],
})

export const UserDraft = Type.Object(
  { name: Name, email: Email },
  { $id: 'UserDraft', additionalProperties: false },
)

export const User = Type.Object(
  {
    id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    name: Name,
    email: Email,
    createdAt: Type.String({ format: 'date-time' }),
    updatedAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'User' },
)

export const Problem = Type.Object(
  {
    type: Type.Literal('about:blank'),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.Enum([...problemCodeNames]),
    detail: Type.String({ description: 'What was expected, and what came.' }),
    reasons: Type.Optional(Type.Array(Type.String())),
  },
  { $id: 'Problem', description: 'RFC 9457: an error with a stable code.' },
)

export const Alive = Type.Object({ status: Type.Literal('ok') }, { $id: 'Alive' })

export const Ready = Type.Object(
  {
    status: Type.Enum(['ok', 'degraded']),
    reasons: Type.Array(Type.String()),
    warnings: Type.Optional(Warnings()),
  },
  { $id: 'Ready' },
)

const DeadLetter = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  version: Type.Integer({ minimum: 0, description: 'Of the refused write.' }),
  operation: Type.Enum(['update', 'delete']),
  name: Type.Union([Name, Type.Null()], { description: 'As it was to be; of a delete null.' }),
  email: Type.Union([Email, Type.Null()]),
  sqlstate: Type.String({ description: "PostgreSQL's code.", examples: ['23505'] }),
  reason: Type.String({ description: "PostgreSQL's words, which may hold a value of the row." }),
  attempts: Count(),
  at: Type.String({ format: 'date-time' }),
  supersededBy: Type.Union([Type.Integer(), Type.Null()], {
    description: 'The version of a write since: the letter can only be discarded.',
  }),
})

export const DeadLetters = Type.Object(
  {
    total: Count(),
    deadLetters: Type.Array(DeadLetter, { description: 'The oldest first; at most 1,000.' }),
  },
  { $id: 'DeadLetters' },
)

export const Stats = Type.Object(
  {
    pattern: Type.Enum([...patternNames]),
    store: Type.String({ description: '`memory` or `redis`.' }),
    source: Type.String({ description: '`pglite` or `postgres`.' }),
    uptimeMs: Count(),
    reads: Type.Object({
      ...counts('total', 'hits', 'misses', 'stale', 'negative', 'bypass'),
      hitRatio: Type.Number({ minimum: 0, maximum: 1 }),
    }),
    loads: Type.Object(counts('total', 'failures', 'joined', 'batches')),
    writes: Type.Object(counts('total', 'failures', 'unconfirmed', 'outcomeUnknown')),
    latencyMs: Type.Object({ hit: Latency(), miss: Latency(), load: Latency(), write: Latency() }),
    refreshes: Type.Union([
      Type.Object(counts('total', 'useful', 'discarded', 'failures')),
      Type.Null(),
    ]),
    journal: Type.Union([
      Type.Object({
        ...journalCounts(),
        breaker: Type.Enum(['closed', 'open', 'half-open'], {
          description: '`open`: flushes are held back, since the database fails.',
        }),
        drainRate: Type.Number({ minimum: 0, description: 'Rows a second.' }),
      }),
      Type.Null(),
    ]),
    staleness: Type.Object({
      ...counts('sampled', 'stale'),
      ageMs: Type.Object(figures('p50', 'p99', 'max')),
    }),
    fills: Type.Object(counts('stored', 'refused')),
    ...counts('invalidations', 'marksLost', 'storeErrors'),
    breaker: Type.Enum(['closed', 'open', 'half-open']),
    database: Type.Optional(
      Type.Object(
        { statements: Count() },
        {
          description:
            'Sent for this service, without BEGIN and COMMIT; since the start, whatever was reset.',
        },
      ),
    ),
    outbox: Type.Optional(
      Type.Object({
        ...counts('relayed', 'unanswered', 'refused', 'failures'),
        ...figures('waitingMs'),
        lagMs: Type.Object(figures('last', 'max')),
      }),
    ),
    warnings: Warnings(),
  },
  { $id: 'Stats', description: 'Of this process, since its start or the last reset.' },
)

function Count() {
  return Type.Integer({ minimum: 0 })
}

function Warnings() {
  return Type.Array(Type.String({ description: 'What may end badly by a setting of a server.' }))
}

function Latency() {
  return Type.Object(figures('p50', 'p95', 'p99', 'max'))
}

function journalCounts() {
  return counts(
    ...(['dirty', 'bytes', 'oldestMs', 'enqueued', 'coalesced', 'flushed', 'retries'] as const),
    ...(['deadLetters', 'fenced', 'lost', 'restamped'] as const),
  )
}

function counts<Name extends string>(...names: readonly Name[]) {
  return Object.fromEntries(names.map((name) => [name, Count()])) as Record<
    Name,
    ReturnType<typeof Count>
  >
}

function figures<Name extends string>(...names: readonly Name[]) {
  return Object.fromEntries(names.map((name) => [name, Type.Number({ minimum: 0 })])) as Record<
    Name,
    ReturnType<typeof Type.Number>
  >
}
