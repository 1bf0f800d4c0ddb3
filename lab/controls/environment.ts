import { Failure } from '../replay/failure.ts'

/** What the environment tells a control: variables of the services, and the prefix of its keys. */
export interface ControlEnvironment {
  readonly port: number
  /** Undefined: a Map in this process. */
  readonly redisUrl: string | undefined
  /** Undefined: an embedded database in `dataDir`. */
  readonly databaseUrl: string | undefined
  readonly dataDir: string
  readonly cacheTtlMs: number
  /** How long the loop of `naive-write-behind` waits when it found nothing. */
  readonly writeDelayMs: number
  readonly seedUsers: number
  readonly keyPrefix: string
  readonly logLevel: string
}

/** Reads `PORT`, `REDIS_URL`, `DATABASE_URL`, `DATA_DIR`, `CACHE_TTL`, `WRITE_DELAY`, `SEED_USERS`, `KEY_PREFIX` and `LOG_LEVEL`. */
export function readControlEnvironment(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): ControlEnvironment {
  const duration = (name: string, fallback: string) => {
    const text = variables[name] ?? fallback
    const [, digits, unit = ''] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? []
    if (digits !== undefined) return Number(digits) * (unitsMs[unit] ?? Number.NaN)
    throw new Failure(`${name}: expected a length of time such as 250ms or 5m, received "${text}"`)
  }
  const integer = (name: string, fallback: string) => {
    const text = variables[name] ?? fallback
    if (/^\d{1,9}$/.test(text)) return Number(text)
    throw new Failure(`${name}: expected a whole number, received "${text}"`)
  }
  return {
    port: integer('PORT', '0'),
    redisUrl: variables.REDIS_URL,
    databaseUrl: variables.DATABASE_URL,
    dataDir: variables.DATA_DIR ?? '.data',
    cacheTtlMs: duration('CACHE_TTL', '5m'),
    writeDelayMs: duration('WRITE_DELAY', '1s'),
    seedUsers: integer('SEED_USERS', '1000'),
    keyPrefix: variables.KEY_PREFIX ?? 'naive:',
    logLevel: variables.LOG_LEVEL ?? 'error',
  }
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
