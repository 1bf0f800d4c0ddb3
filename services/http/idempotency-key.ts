import { ProblemError } from './problem.ts'

/**
 * The key in an `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a string in double
 * quotes, or bare, which is common and means the same. Throws `INVALID_HEADER`.
 */
export function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const [, quoted, bare] = form.exec(String(header).trim()) ?? []
  const key = quoted?.replace(/\\(["\\])/g, '$1') ?? bare ?? ''
  if (key.length >= 1 && key.length <= 255) return key
  throw new ProblemError({
    code: 'INVALID_HEADER',
    detail:
      'Idempotency-Key: expected 1 to 255 visible ASCII characters in double quotes, received something else',
  })
}

/** A string of structured fields (RFC 9651, 3.3.3), or what can be told from one without quotes. */
const form = /^(?:"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"|([\w!#$%&'*+.^`|~:/=-]+))$/
