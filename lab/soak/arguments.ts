import { parseArgs } from 'node:util'
import { inOneLine, wholeNumber } from '../command-line/arguments.ts'
import { Failure } from '../replay/failure.ts'
import { patternNames } from './patterns.ts'

/** What to soak, in what, and for how long. */
export interface SoakArguments {
  readonly patterns: readonly string[]
  readonly processes: number
  readonly clients: number
  readonly seconds: number
  readonly users: number
  readonly seed: number
  /** Servers that are there already; undefined: some of its own are started. */
  readonly redisUrl: string | undefined
  readonly databaseUrl: string | undefined
  /** Store and database in the service's own process. */
  readonly isEmbedded: boolean
  /** Servers of its own that come and go, under all services at once. */
  readonly isFlapping: boolean
  readonly json: string | undefined
}

export const usage = `npm run soak -- [options]

  --pattern NAME      ${patternNames.join(', ')}, or all (default), one after the other
  --processes N       processes of the service, 1 to 16 (default 2)
  --clients N         clients, each with one request under way, 1 to 1000 (default 64)
  --seconds S         how long each service is soaked, 1 to 604800 (default 60)
  --users N           SEED_USERS of the service, 1000 to 1000000 (default 20484)
  --seed N            the same requests for the same number (default 1)
  --redis-url URL     a Redis, and
  --database-url URL  a PostgreSQL that are there already (default: it starts both)
  --embedded          neither: store and database in the one process of the service
  --flap              servers of its own come and go every few seconds, under all services at once: one process
                      each, 4 clients, for 600 seconds, unless said otherwise
  --json FILE         results as JSON, into a file

Exits 1 when a check failed, and 2 when it could not run.`

const steady = { processes: '2', clients: '64', seconds: '60' }
const flapping = { processes: '1', clients: '4', seconds: '600' }

const options = {
  pattern: { type: 'string', default: 'all' },
  processes: { type: 'string' },
  clients: { type: 'string' },
  seconds: { type: 'string' },
  users: { type: 'string', default: '20484' },
  seed: { type: 'string', default: '1' },
  'redis-url': { type: 'string' },
  'database-url': { type: 'string' },
  embedded: { type: 'boolean', default: false },
  flap: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

/** Undefined when help was asked for. Throws a `Failure` that names the argument. */
export function readArguments(args: readonly string[]): SoakArguments | undefined {
  const values = inOneLine(() => parseArgs({ args: [...args], options }).values)
  if (values.help) return undefined
  const { embedded: isEmbedded, flap: isFlapping, json } = values
  const standard = isFlapping ? flapping : steady
  const redisUrl = values['redis-url']
  const databaseUrl = values['database-url']
  if ((redisUrl === undefined) !== (databaseUrl === undefined)) {
    throw new Failure('--redis-url and --database-url: give both, or neither')
  }
  if (isEmbedded && redisUrl !== undefined) {
    throw new Failure('give --embedded, or --redis-url and --database-url, not both')
  }
  if (isFlapping && (isEmbedded || redisUrl !== undefined || values.processes !== undefined)) {
    throw new Failure(
      '--flap starts servers of its own, and one process a service: leave out --embedded, --redis-url, --database-url and --processes',
    )
  }
  const processes = wholeNumber('--processes', values.processes ?? standard.processes, 1, 16)
  if (isEmbedded && processes > 1) {
    throw new Failure(
      '--embedded: the database is in the one process that uses it; add --processes 1',
    )
  }
  return {
    patterns: patternsOf(values.pattern),
    processes,
    clients: wholeNumber('--clients', values.clients ?? standard.clients, 1, 1_000),
    seconds: wholeNumber('--seconds', values.seconds ?? standard.seconds, 1, 604_800),
    users: wholeNumber('--users', values.users, 1_000, 1_000_000),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    redisUrl,
    databaseUrl,
    isEmbedded,
    isFlapping,
    json,
  }
}

function patternsOf(name: string): readonly string[] {
  if (name === 'all') return patternNames
  if (patternNames.includes(name)) return [name]
  const expected = `${patternNames.join(', ')} or all`
  throw new Failure(`--pattern: expected ${expected}, received ${JSON.stringify(name)}`)
}
