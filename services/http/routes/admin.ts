import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { answer, problems } from '../documentation.ts'
import type { UserRepository } from '../port.ts'
import { ProblemError } from '../problem.ts'

/** Who may use the admin routes: the bearer of the token; without one anybody, on a loopback host only. */
export interface AdminOptions {
  readonly token?: string | undefined
  readonly isLoopback: boolean
}

/** Routes that change what a service remembers, and nothing in its database. */
export function addAdminRoutes(
  app: FastifyInstance,
  users: UserRepository,
  options: AdminOptions,
): void {
  const onRequest = guard(options)

  app.post('/admin/stats/reset', { onRequest, ...docs('Starts the figures anew') }, (_, reply) => {
    users.resetStats()
    return reply.code(204).send()
  })

  app.post('/admin/cache/clear', { onRequest, ...docs('Evicts everything') }, async (_, reply) => {
    await users.clear()
    return reply.code(204).send()
  })
}

/** Runs before the body is read. */
function guard({ token, isLoopback }: AdminOptions) {
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

function docs(summary: string) {
  return {
    schema: {
      tags: ['admin'],
      summary,
      security: [{ token: [] }],
      response: {
        204: answer('Done.'),
        ...problems('UNAUTHORIZED', 'FORBIDDEN', 'STORE_TIMEOUT', 'STORE_UNAVAILABLE', 'CLOSED'),
      },
    },
  }
}
