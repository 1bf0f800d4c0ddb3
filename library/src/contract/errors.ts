/** Every error that the library makes, with what it says about trying again. `docs/errors.md` explains each. */
export const errorCodes = {
  INVALID_ARGUMENT: { retryable: false },
  INVALID_KEY: { retryable: false },
  INVALID_VALUE: { retryable: false },
  LOAD_TIMEOUT: { retryable: true },
  LOAD_OVERLOADED: { retryable: true },
  STORE_TIMEOUT: { retryable: true },
  STORE_UNAVAILABLE: { retryable: true },
  WRITE_TIMEOUT: { retryable: true },
  WRITE_OUTCOME_UNKNOWN: { retryable: false },
  WRITE_UNCONFIRMED: { retryable: false },
  VERSION_CONFLICT: { retryable: false },
  VERSION_NOT_REACHED: { retryable: true },
  JOURNAL_FULL: { retryable: true },
  DEAD_LETTERED: { retryable: false },
  NO_DEAD_LETTER: { retryable: false },
  SUPERSEDED: { retryable: false },
  VALUE_TAKEN: { retryable: false },
  IDEMPOTENCY_KEY_REUSED: { retryable: false },
  UNSUPPORTED: { retryable: false },
  CLOSED: { retryable: false },
} as const

/** A stable name of what went wrong. */
export type ErrorCode = keyof typeof errorCodes

/** What an error carries besides its code and message. */
export interface CacheErrorDetails {
  readonly cause?: unknown
  readonly key?: unknown
  /** How long to wait before trying again, in milliseconds. */
  readonly retryAfterMs?: number
  /** For `VERSION_CONFLICT` and `VERSION_NOT_REACHED`: the version that stands there. */
  readonly version?: number
}

/**
 * An error of this library. Errors of your loader are not wrapped: they reach you as they are.
 * `retryable` says whether the same call may succeed later without any change.
 */
export class CacheError extends Error {
  override readonly name: string = 'CacheError'
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly key: unknown
  readonly version: number | undefined

  constructor(code: ErrorCode, message: string, details: CacheErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.retryable = errorCodes[code].retryable
    this.retryAfterMs = details.retryAfterMs
    this.key = details.key
    this.version = details.version
  }
}

/** A wrong argument or option: a `TypeError` with the code `INVALID_ARGUMENT`, thrown where it was given. */
export class InvalidArgumentError extends TypeError {
  override readonly name = 'InvalidArgumentError'
  readonly code = 'INVALID_ARGUMENT' satisfies ErrorCode
  readonly retryable = false

  /** `what` was given, `expected` what it should have been, `received` what came. */
  constructor(what: string, expected: string, received: unknown) {
    super(`${what}: expected ${expected}, received ${describe(received)}`)
  }
}

/** For stores: nothing of the call was executed, or will be; the store itself is well. Its disk is full, for example. */
export class StoreRefusedError extends CacheError {
  override readonly name = 'StoreRefusedError'

  constructor(message: string, details: CacheErrorDetails = {}) {
    super('STORE_UNAVAILABLE', message, details)
  }
}

/** For sources: wraps the error of a write of which nobody can tell whether it happened. */
export function outcomeUnknown(cause: unknown, key?: unknown): CacheError {
  return new CacheError(
    'WRITE_OUTCOME_UNKNOWN',
    'the write was sent, and its outcome is unknown: it may have happened, or may still happen',
    { cause, key },
  )
}

/** For sources: the write's deadline had passed when the database would have executed it; nothing was written. */
export function writeTimeout(key?: unknown): CacheError {
  return new CacheError('WRITE_TIMEOUT', 'the write came after its deadline: nothing was written', {
    key,
  })
}

/** Whether an error is one of this library's with this code. */
export function hasCode(error: unknown, code: ErrorCode): error is CacheError {
  return (
    error instanceof Error && (error as Partial<CacheError>).code === code && 'retryable' in error
  )
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object'
  if (typeof value === 'function') return 'a function'
  return `${String(value)} (${typeof value})`
}
