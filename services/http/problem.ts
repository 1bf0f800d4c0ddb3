import { STATUS_CODES } from 'node:http'
import type { FastifyReply } from 'fastify'
import { type ProblemCode, problemCodes } from './codes.ts'

/** An answer that says what went wrong (RFC 9457). `detail` reaches the client: no internals. */
export interface Problem {
  readonly code: ProblemCode
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
  /** When to try again, in milliseconds. Every 503 says it: 1 s by default. */
  readonly retryAfterMs?: number | undefined
  /** Further members of the body. */
  readonly members?: Readonly<Record<string, unknown>>
}

/** Thrown where a handler cannot go on; the error handler answers with its problem. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.code)
    this.problem = problem
  }
}

/** Status and body of a problem, for whatever writes the answer. */
export function render(problem: Problem): {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
} {
  const { status } = problemCodes[problem.code]
  const retryAfterMs = problem.retryAfterMs ?? (status === 503 ? 1000 : undefined)
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfterMs === undefined
        ? {}
        : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
      ...problem.headers,
    },
    body: JSON.stringify({
      type: 'about:blank',
      title: STATUS_CODES[status],
      status,
      code: problem.code,
      detail: problem.detail,
      ...problem.members,
    }),
  }
}

/** Answers with a problem. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { status, headers, body } = render(problem)
  // A string would get "; charset=utf-8", a parameter that the media type does not have.
  return reply.code(status).headers(headers).send(Buffer.from(body))
}
