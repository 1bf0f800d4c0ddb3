import type { FastifyError, FastifyRequest } from 'fastify'
import { problemOf } from './failure.ts'
import { type Problem, ProblemError } from './problem.ts'
import { bodyLimit, invalidBody, invalidId } from './validation.ts'

/** The problem that an error thrown while a request was handled amounts to: Fastify's own, or ours. */
export function requestProblem(thrown: unknown, request: FastifyRequest): Problem {
  if (thrown instanceof ProblemError || !(thrown instanceof Error)) return problemOf(thrown)
  const error: Error & Partial<FastifyError> = thrown
  if (error.validation !== undefined) return invalidBody(error.validation, request.body)
  const explain = byCode[error.code ?? '']
  if (explain !== undefined) return explain(request)
  // Raised by Fastify and its plugins only: what a database throws has no `statusCode`.
  if (error.statusCode === 404) return { code: 'NOT_FOUND', detail: 'there is no such file' }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return { code: 'BAD_REQUEST', detail: 'the request could not be read' }
  }
  return problemOf(error)
}

const byCode: Readonly<Record<string, (request: FastifyRequest) => Problem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ({ headers }) => {
    const length = headers['content-length']
    const received = length === undefined ? 'more' : `${length} bytes`
    const detail = `body: expected at most ${bodyLimit} bytes, received ${received}`
    return { code: 'BODY_TOO_LARGE', detail }
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ({ headers }) => {
    const received = headers['content-type'] === undefined ? 'no content type' : 'another'
    const detail = `content-type: expected application/json, received ${received}`
    return { code: 'UNSUPPORTED_MEDIA_TYPE', detail, headers: { accept: 'application/json' } }
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => ({
    code: 'BAD_REQUEST',
    detail: 'body: expected as many bytes as content-length says, received another number',
  }),
  FST_ERR_BAD_URL: () => ({
    code: 'BAD_URL',
    detail: 'path: expected percent-encoded UTF-8, received something that cannot be decoded',
  }),
  // The only parameter is the id, and none has more than 16 digits.
  FST_ERR_MAX_PARAM_LENGTH: ({ url }) => invalidId(longestSegment(url)),
}

function longestSegment(url: string): string {
  return url
    .split(/[/?]/)
    .reduce((longest, each) => (each.length > longest.length ? each : longest))
}
