import type { ErrorCode } from 'caching-patterns'
import { errorCodes } from 'caching-patterns'
import { type ProblemCode, problemCodes } from './codes.ts'
import { type Problem, ProblemError } from './problem.ts'

/** The problem that an error of a repository, a cache or a database amounts to. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem
  if (isLibraryError(error)) return libraryProblem(error)
  const code = codeOf(error)
  if (code === '23505') return emailTaken
  // Of a signal that `AbortSignal.timeout` made: its code is a number.
  if (isTimeout(error)) return { code: 'LOAD_TIMEOUT', detail: problemCodes.LOAD_TIMEOUT.meaning }
  if (code === undefined ? isLostConnection(error) : unavailable.test(code)) {
    return { code: 'SOURCE_UNAVAILABLE', detail: 'the database cannot serve this now' }
  }
  return { code: 'INTERNAL_ERROR', detail: 'the service failed; its log says more' }
}

/** `code` of an error, when it is text: a SQLSTATE, an errno, or one of ours. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** What is known about a failed call of a cache. */
interface LibraryError {
  readonly code: ErrorCode
  readonly retryAfterMs?: number | undefined
  readonly version?: number | undefined
}

const emailTaken: Problem = { code: 'EMAIL_TAKEN', detail: 'another user has this email' }

/**
 * SQLSTATEs of connections, log-ins, rollbacks, resources, lock time-outs and shutdowns, of a database that only
 * reads, or is not there; errors of sockets.
 */
const unavailable =
  /^(08|28|40|53|57)[0-9A-Z]{3}$|^(25006|3D000|55P03)$|^E(CONNREFUSED|CONNRESET|TIMEDOUT|PIPE|HOSTUNREACH|NETUNREACH|AI_AGAIN)$/

/** What the client of PostgreSQL says without a code, when a server is gone, or frozen. */
const lostConnection =
  /^(Query read timeout|timeout (exceeded|expired)|Connection terminated|Client (was closed|has encountered a connection error))/

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && lostConnection.test(error.message)
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

function libraryProblem({ code, retryAfterMs, version }: LibraryError): Problem {
  if (code === 'VERSION_CONFLICT') {
    const stands = version === undefined ? 'another version' : `version ${version}`
    return { code, detail: `the condition does not hold: the user stands at ${stands}` }
  }
  if (code === 'JOURNAL_FULL') {
    return { code, detail: problemCodes[code].meaning, retryAfterMs: retryAfterMs ?? 1000 }
  }
  if (code === 'VALUE_TAKEN') return emailTaken
  if (code === 'NO_DEAD_LETTER') {
    return {
      code: 'DEAD_LETTER_NOT_FOUND',
      detail: problemCodes.DEAD_LETTER_NOT_FOUND.meaning,
    }
  }
  if (isProblemCode(code)) return { code, detail: problemCodes[code].meaning, retryAfterMs }
  return { code: 'INTERNAL_ERROR', detail: 'the service failed; its log says more' }
}

function isLibraryError(error: unknown): error is LibraryError {
  const code = codeOf(error)
  return error instanceof Error && 'retryable' in error && code !== undefined && code in errorCodes
}

function isProblemCode(code: ErrorCode): code is ErrorCode & ProblemCode {
  return code in problemCodes
}
