import type { IncomingHttpHeaders } from 'node:http'
import { ProblemError } from './problem.ts'

/** The strong entity tag of a version. */
export function entityTag(version: number): string {
  return `"${version}"`
}

/**
 * Whether `If-None-Match` names this tag: `*`, or one of a list, compared weakly (RFC 9110, 8.8.3.2).
 * What cannot be parsed matches nothing.
 */
export function isNoneMatchHit(header: string, tag: string): boolean {
  if (header === tag) return true
  const tags = parseEntityTags(header)
  return tags === '*' || (tags?.some(({ opaque }) => opaque === tag) ?? false)
}

/**
 * The versions at which a write may find the user; `undefined`: any. `If-Match` compares strongly:
 * a weak tag, or one that no version has, names none. `If-None-Match: *` asks that there be
 * no user, and a write here needs one: no version will do. Of `If-None-Match` with tags see
 * `unwantedTags`. Throws `INVALID_HEADER`.
 */
export function expectedVersions(headers: IncomingHttpHeaders): readonly number[] | undefined {
  if (headers['if-none-match']?.trim() === '*') return []
  const match = headers['if-match']
  if (match === undefined) return undefined
  const tags = parseEntityTags(match)
  if (tags === undefined) {
    throw invalidHeader('If-Match', '*, or a list of entity tags in double quotes')
  }
  if (tags === '*') return undefined
  return tags.flatMap(({ opaque, isWeak }) => {
    const version = !isWeak && /^"(0|[1-9][0-9]{0,15})"$/.test(opaque) ? +opaque.slice(1, -1) : -1
    return Number.isSafeInteger(version) && version >= 0 ? [version] : []
  })
}

/**
 * The header, when a write may not find the user at a version that it names. A look before the write is
 * enough: versions only grow, and no client knows one to come. Throws `INVALID_HEADER`.
 */
export function unwantedTags(headers: IncomingHttpHeaders): string | undefined {
  const noneMatch = headers['if-none-match']
  if (noneMatch === undefined || noneMatch.trim() === '*') return undefined
  if (parseEntityTags(noneMatch) !== undefined) return noneMatch
  throw invalidHeader('If-None-Match', '*, or a list of entity tags in double quotes')
}

interface EntityTag {
  /** With its quotes. */
  readonly opaque: string
  readonly isWeak: boolean
}

/** `undefined` when it is neither `*` nor a list of entity tags. */
function parseEntityTags(header: string): '*' | readonly EntityTag[] | undefined {
  if (header.trim() === '*') return '*'
  const tags: EntityTag[] = []
  // Empty elements of a list are allowed (RFC 9110, 5.6.1).
  const element = /[ \t,]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,[ \t,]*|$)/y
  while (element.lastIndex < header.length) {
    const match = element.exec(header)
    if (match === null) return undefined
    tags.push({ opaque: match[2] ?? '', isWeak: match[1] !== undefined })
  }
  return tags.length === 0 ? undefined : tags
}

function invalidHeader(name: string, expected: string): ProblemError {
  return new ProblemError({
    code: 'INVALID_HEADER',
    detail: `${name}: expected ${expected}, received something else`,
  })
}
