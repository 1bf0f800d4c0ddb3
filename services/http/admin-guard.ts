import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { ProblemError } from './problem.ts'

/** Who may use the admin routes: the bearer of the token; without one anybody, on a loopback host only. */
export interface AdminOptions {
  readonly token?: string | undefined
  readonly isLoopback: boolean
}

/** A hook that lets nobody else in; it runs before the body is read. */
export function guard({ token, isLoopback }: AdminOptions) {
  const expected = token === undefined ? undefined : digest(token)
  return async ({ headers }: FastifyRequest) => {
    if (expected === undefined) {
      if (isLoopback) return
      const detail = 'ADMIN_TOKEN is not set: these routes answer on a loopback host only'
      throw new ProblemError({ code: 'FORBIDDEN', detail })
    }
    const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
    // Of digests, so that lengths are equal and the time says nothing.
    if (bearer !== undefined && timingSafeEqual(digest(bearer), expected)) return
    throw new ProblemError({
      code: 'UNAUTHORIZED',
      detail: `Authorization: expected the admin token, received ${bearer ? 'another' : 'none'}`,
      headers: {
        'www-authenticate': bearer
          ? 'Bearer realm="admin", error="invalid_token"'
          : 'Bearer realm="admin"',
      },
    })
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
