import type { PatternName } from '../../http/port.ts'
import type { OutageName, ServerName } from './outages.ts'
import type { Request } from './visitors.ts'

/** What is answered to one kind of request. */
export interface Outcomes {
  /** One of these, to whoever asks last. */
  readonly finally: readonly string[]
  /** These too, until it is noticed. */
  readonly first?: readonly string[]
}

/** What each pattern answers; `others`: those that are not named. */
export type Expected = Readonly<Partial<Record<PatternName, Outcomes>>> & {
  readonly others: Outcomes
}

/** One server in one kind of trouble, and what the services make of it. */
export interface Row {
  readonly server: ServerName
  readonly outage: OutageName
  readonly answers: Readonly<Record<Request, Expected>>
  /** The slowest answer, in milliseconds. */
  readonly withinMs: Readonly<Record<Request, number>>
  /** Of all five services together, which share a process. */
  readonly readsPerSecond: number
  /** The slowest but one in a hundred of all reads. */
  readonly readsP99Ms: number
}

// Redis is away: PostgreSQL answers reads; what is written there cannot be told to the cache, or is refused before.

const bypass: Expected = {
  others: { finally: ['bypass'] },
  'write-behind': { finally: ['bypass stale'] },
}
const unconfirmed: Expected = {
  others: { finally: ['unconfirmed'] },
  'write-through': { finally: ['503 STORE_UNAVAILABLE'], first: ['503 STORE_TIMEOUT'] },
  // Its email is claimed first: no answer to that is no write. Whoever has to try whether Redis is back waits for the deadline.
  'write-behind': {
    finally: ['503 STORE_UNAVAILABLE', '503 STORE_TIMEOUT'],
    first: ['503 WRITE_OUTCOME_UNKNOWN'],
  },
}
const withoutRedis = {
  server: 'redis',
  answers: {
    cached: bypass,
    cold: bypass,
    update: unconfirmed,
    // One alone is sent, the first of all writes.
    create: {
      ...unconfirmed,
      'write-through': { finally: ['503 STORE_UNAVAILABLE', '503 STORE_TIMEOUT'] },
      'write-behind': {
        finally: ['503 STORE_UNAVAILABLE', '503 STORE_TIMEOUT', '503 WRITE_OUTCOME_UNKNOWN'],
      },
    },
  },
  withinMs: { cached: 1_000, cold: 1_000, update: 2_000, create: 2_000 },
  readsPerSecond: 100,
  readsP99Ms: 250,
} as const satisfies Omit<Row, 'outage'>
const either = (...outcomes: readonly string[]): Outcomes => ({ finally: outcomes })
const slowWrite: Expected = {
  others: either('confirmed', 'unconfirmed'),
  'write-through': either('confirmed', 'unconfirmed', '503 STORE_UNAVAILABLE'),
  'write-behind': either('accepted', '503 STORE_UNAVAILABLE'),
}

// PostgreSQL is away: the cache answers what it holds, and write-behind accepts.

const hit: Expected = { others: { finally: ['hit'] } }
const loadFailures = ['503 SOURCE_UNAVAILABLE', '503 LOAD_TIMEOUT', '503 LOAD_OVERLOADED']
const writeFailures = ['503 SOURCE_UNAVAILABLE', '503 WRITE_TIMEOUT', '503 WRITE_OUTCOME_UNKNOWN']
const accepted = { 'write-behind': { finally: ['accepted'] } }
const refused: Expected = { others: { finally: writeFailures }, ...accepted }
const withoutPostgres = {
  server: 'postgres',
  answers: {
    cached: hit,
    cold: { others: { finally: loadFailures } },
    update: refused,
    create: refused,
  },
  withinMs: { cached: 500, cold: 2_300, update: 2_800, create: 2_800 },
  readsPerSecond: 100,
  readsP99Ms: 2_300,
} as const satisfies Omit<Row, 'outage'>
const atOnce = { ...withoutPostgres.withinMs, cold: 1_000, update: 1_000, create: 1_000 }
const unavailable: Expected = { others: { finally: ['503 SOURCE_UNAVAILABLE'] }, ...accepted }
const gone = {
  ...withoutPostgres,
  answers: {
    cached: hit,
    cold: { others: unavailable.others },
    update: unavailable,
    create: unavailable,
  },
  withinMs: atOnce,
  readsP99Ms: 500,
} as const satisfies Omit<Row, 'outage'>

/** What the services answer while a server is away. `docs/outages.md` shows it, as it was measured. */
export const table: readonly Row[] = [
  { ...withoutRedis, outage: 'refuses connections' },
  { ...withoutRedis, outage: 'is killed' },
  { ...withoutRedis, outage: 'is frozen', readsPerSecond: 200 },
  { ...withoutRedis, outage: 'is behind a black hole', readsPerSecond: 200 },
  { ...withoutRedis, outage: 'answers 500 ms later' },
  { ...withoutRedis, outage: 'has another password' },
  {
    ...withoutRedis,
    outage: 'only reads',
    answers: {
      // Its hits are believed until it has refused a write.
      cached: {
        others: { finally: ['bypass'], first: ['hit'] },
        'write-behind': { finally: ['bypass stale'], first: ['hit'] },
      },
      cold: bypass,
      update: unconfirmed,
      create: withoutRedis.answers.create,
    },
  },
  {
    ...withoutRedis,
    outage: 'answers 70 ms later',
    // GET, ACQUIRE, FILL: a miss takes three of them.
    readsP99Ms: 500,
    // Within the deadlines, and too slow to be worth it: passed by for a while, and tried again.
    answers: {
      cached: { others: either('hit', 'bypass'), 'write-behind': either('hit', 'bypass stale') },
      cold: { others: either('miss', 'bypass'), 'write-behind': either('miss', 'bypass stale') },
      update: slowWrite,
      create: slowWrite,
    },
  },
  { ...gone, outage: 'refuses connections' },
  { ...gone, outage: 'is killed' },
  { ...gone, outage: 'has another password' },
  { ...withoutPostgres, outage: 'is frozen' },
  { ...withoutPostgres, outage: 'is behind a black hole' },
  {
    ...withoutPostgres,
    outage: 'answers 500 ms later',
    // Within the deadlines, as long as there is a connection; a new one takes several round trips.
    answers: {
      cached: hit,
      cold: { others: { finally: ['miss', ...loadFailures] } },
      update: { others: { finally: ['confirmed', ...writeFailures] }, ...accepted },
      create: { others: { finally: ['confirmed', ...writeFailures] }, ...accepted },
    },
  },
  {
    ...gone,
    outage: 'only reads',
    answers: { ...gone.answers, cold: { others: { finally: ['miss'] } } },
  },
]
