import type { FastifyInstance } from 'fastify'
import { type AdminOptions, guard } from '../admin-guard.ts'
import { answer, problems } from '../documentation.ts'
import type { LossAlarm } from '../loss-alarm.ts'
import type { UserRepository } from '../port.ts'

/** Routes that change what a service remembers, and nothing in its database. */
export function addAdminRoutes(
  app: FastifyInstance,
  users: UserRepository,
  losses: LossAlarm,
  options: AdminOptions,
): void {
  const onRequest = guard(options)

  const reset = { onRequest, ...docs('Starts the figures anew') }
  app.post('/admin/stats/reset', reset, async (_, reply) => {
    users.resetStats()
    await losses.reset()
    return reply.code(204).send()
  })

  app.post('/admin/cache/clear', { onRequest, ...docs('Evicts everything') }, async (_, reply) => {
    await users.clear()
    return reply.code(204).send()
  })
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
