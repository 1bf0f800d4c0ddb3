import { isIP } from 'node:net'
import {
  databaseUrlForm,
  parseDatabaseUrl,
  parseRedisUrls,
  redisUrlsForm,
  shownUrls,
} from './server-urls.ts'
import { StartError } from './start-error.ts'

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]
const fsyncPolicies = ['always', 'everysec', 'no'] as const
export type FsyncPolicy = (typeof fsyncPolicies)[number]

/** What the environment says, checked and complete. */
export interface Environment {
  /** Of PostgreSQL; undefined: the embedded one. */
  readonly databaseUrl: string | undefined
  /** Of Redis, or of several nodes of its cluster; undefined: a store in this process. */
  readonly redisUrls: readonly string[] | undefined
  /** Where the embedded database lives, and the journal of a store in this process. */
  readonly dataDir: string
  readonly host: string
  /** Port of the first service, the others follow; 0: any free ports; undefined: each its own. */
  readonly port: number | undefined
  readonly cacheTtlMs: number
  readonly writeDelayMs: number
  /** When what such a journal accepts is made to outlive a power failure. */
  readonly journalFsync: FsyncPolicy
  readonly seedUsers: number
  /** The share of hits that are compared with their rows, from 0 to 1. */
  readonly sampleStaleness: number
  /** Whether writes are recorded for a relay, which tells the store of them. */
  readonly outbox: boolean
  readonly adminToken: string | undefined
  /** Requests a minute per client; undefined: no limit. */
  readonly rateLimit: number | undefined
  readonly logLevel: LogLevel
}

/**
 * Reads the variables of the process; nothing else does. Throws a `StartError` with one line for
 * each value that cannot be parsed. An empty value is one of those: unset it instead.
 */
export function readEnvironment(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Environment {
  const problems: string[] = []
  const read = <T>(name: string, fallback: T, format: Format<T>): T => {
    const text = variables[name]
    if (text === undefined) return fallback
    const value = format.parse(text)
    if (value !== undefined) return value
    problems.push(
      `${name}: expected ${format.expected}, received ${format.show?.(text) ?? quote(text)}`,
    )
    return fallback
  }
  const environment: Environment = {
    databaseUrl: read<string | undefined>('DATABASE_URL', undefined, databaseUrl),
    redisUrls: read<readonly string[] | undefined>('REDIS_URL', undefined, redisUrls),
    dataDir: read('DATA_DIR', '.data', path),
    host: read('HOST', '127.0.0.1', host),
    port: read<number | undefined>('PORT', undefined, integer(0, 65_535)),
    cacheTtlMs: read('CACHE_TTL', 300_000, duration(1, 365 * day, '1ms to 365d')),
    writeDelayMs: read('WRITE_DELAY', 1_000, duration(0, hour, '0ms to 1h')),
    journalFsync: read('JOURNAL_FSYNC', 'everysec', oneOf(fsyncPolicies)),
    seedUsers: read('SEED_USERS', 1_000, integer(0, 1_000_000)),
    sampleStaleness: read('SAMPLE_STALENESS', 0.01, share),
    outbox: read('OUTBOX', false, onOrOff),
    adminToken: read<string | undefined>('ADMIN_TOKEN', undefined, token),
    rateLimit: read<number | undefined>('RATE_LIMIT', undefined, integer(1, 1_000_000_000)),
    logLevel: read('LOG_LEVEL', 'info', oneOf(logLevels)),
  }
  problems.push(...outboxProblems(environment.outbox, variables))
  if (problems.length > 0) throw new StartError(problems.join('\n'))
  return environment
}

/** `ADMIN_TOKEN` alone, for a command that speaks to a service. Throws a `StartError` for one that no service has. */
export function readAdminToken(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const text = variables.ADMIN_TOKEN
  if (text === undefined || token.parse(text) !== undefined) return text
  throw new StartError(`ADMIN_TOKEN: expected ${token.expected}, received ${token.show?.(text)}`)
}

interface Format<T> {
  readonly expected: string
  /** Undefined when the text is not of this format. */
  parse(text: string): T | undefined
  /** How to show a bad value; default: quoted. */
  show?(text: string): string
}

const hour = 3_600_000
const day = 24 * hour
const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: hour, d: day }

const databaseUrl: Format<string> = {
  expected: databaseUrlForm,
  parse: parseDatabaseUrl,
  show: shownUrls,
}

const redisUrls: Format<readonly string[]> = {
  expected: redisUrlsForm,
  parse: parseRedisUrls,
  show: shownUrls,
}

function integer(min: number, max: number): Format<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    parse(text) {
      const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value : undefined
    },
  }
}

function duration(minMs: number, maxMs: number, range: string): Format<number> {
  return {
    expected: `a length of time with its unit (ms, s, m, h or d) such as 30s or 5m, from ${range}`,
    parse(text) {
      const match = /^([0-9]{1,15}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)$/.exec(text)
      const valueMs = match
        ? Number(match[1]) * (unitsMs[match[2] ?? ''] ?? Number.NaN)
        : Number.NaN
      return valueMs >= minMs && valueMs <= maxMs ? Math.round(valueMs) : undefined
    },
  }
}

const share: Format<number> = {
  expected: 'a share from 0 (none) to 1 (all) such as 0.01',
  parse: (text) => (/^(0|1|0\.[0-9]{1,9})$/.test(text) ? Number(text) : undefined),
}

const onOrOff: Format<boolean> = {
  expected: 'on or off',
  parse: (text) => (text === 'on' ? true : text === 'off' ? false : undefined),
}

/** One that is set and cannot be parsed has its own line. */
function outboxProblems(
  outbox: boolean,
  variables: Readonly<Record<string, string | undefined>>,
): string[] {
  const missing = ['DATABASE_URL', 'REDIS_URL'].filter((name) => variables[name] === undefined)
  if (!outbox || missing.length === 0) return []
  const reason = 'it is for processes that share a database and a store'
  return [`OUTBOX: expected off without ${missing.join(' and ')}, received "on": ${reason}`]
}

const path: Format<string> = {
  expected: 'the path of a folder',
  parse: (text) => (text.trim() === '' ? undefined : text),
}

const host: Format<string> = {
  expected: 'an IP address or a host name to listen on',
  parse: (text) =>
    isIP(text) > 0 || /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/.test(text)
      ? text
      : undefined,
}

const token: Format<string> = {
  expected: '1 to 512 visible ASCII characters without blanks',
  parse: (text) => (/^[\x21-\x7e]{1,512}$/.test(text) ? text : undefined),
  show: (text) => `a value of ${text.length} characters (not shown)`,
}

function oneOf<Choice extends string>(choices: readonly Choice[]): Format<Choice> {
  return {
    expected: `one of ${choices.join(', ')}`,
    parse: (text) => choices.find((choice) => choice === text),
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
