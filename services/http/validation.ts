import type { FastifySchemaValidationError } from 'fastify'
import { type Problem, ProblemError } from './problem.ts'

/** Bytes of a body, at most. */
export const bodyLimit = 16 * 1024

/** The id that a path names. Throws `INVALID_ID`. */
export function parseUserId(text: string): number {
  const id = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(id)) return id
  throw new ProblemError(invalidId(text))
}

export function invalidId(text: string): Problem {
  const expected = `a whole number from 1 to ${Number.MAX_SAFE_INTEGER}, in digits without zeros in front`
  return { code: 'INVALID_ID', detail: `user_id: expected ${expected}, received ${quote(text)}` }
}

/** No route of users takes query parameters: one that is sent is a mistake. Throws `INVALID_QUERY`. */
export function refuseQuery(url: string): void {
  const start = url.indexOf('?') + 1
  if (start === 0 || start === url.length) return
  throw new ProblemError({
    code: 'INVALID_QUERY',
    detail: `query: expected no parameters, received ${quote(url.slice(start))}`,
  })
}

/**
 * Parses a body of `application/json`: UTF-8 and JSON, or `INVALID_JSON`. An empty one is `undefined`,
 * as if none had been sent. The parser's own message is dropped: it quotes the body.
 */
export function parseJson(_request: unknown, body: Buffer): Promise<unknown> {
  if (body.length === 0) return Promise.resolve(undefined)
  try {
    return Promise.resolve(JSON.parse(utf8.decode(body)))
  } catch {
    const detail = 'body: expected JSON in UTF-8, received something else'
    return Promise.reject(new ProblemError({ code: 'INVALID_JSON', detail }))
  }
}

/** What is wrong with a body that its schema refused. Says what came by kind and length, never by its text. */
export function invalidBody(
  errors: readonly FastifySchemaValidationError[],
  body: unknown,
): Problem {
  const complaints = new Set(errors.map((error) => complain(error, body)))
  return { code: 'INVALID_BODY', detail: [...complaints].slice(0, 5).join('; ') }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

const expectations: Readonly<Record<string, string>> = {
  name: '1 to 200 characters, not only blanks, without control characters or unpaired surrogates',
  email: 'a valid address of at most 320 characters',
}

function complain(error: FastifySchemaValidationError, body: unknown): string {
  const { keyword, instancePath, params } = error
  if (keyword === 'additionalProperties') {
    const field = String(params.additionalProperty)
    return `body: expected only name and email, received also ${quote(field)}`
  }
  const field =
    keyword === 'required' ? String(params.missingProperty) : instancePath.replace('/', '')
  const expected = expectations[field]
  if (expected === undefined) {
    return `body: expected a JSON object with name and email, received ${kindOf(body)}`
  }
  const value = (body as Readonly<Record<string, unknown>>)[field]
  return `${field}: expected ${expected}, received ${kindOf(value)}`
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string') return textKind(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function textKind(text: string): string {
  const { length } = [...text]
  const size = `text of ${length} ${length === 1 ? 'character' : 'characters'}`
  if (/\p{Cs}/u.test(text)) return `${size} with an unpaired surrogate`
  if (/\p{Cc}/u.test(text)) return `${size} with a control character`
  return length > 0 && text.trim() === '' ? `${size}, all blank` : size
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
