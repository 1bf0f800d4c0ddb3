import type { FastifyInstance } from 'fastify'
import { answer, problems } from '../documentation.ts'
import type { EventStreams } from '../events.ts'
import type { LossAlarm } from '../loss-alarm.ts'
import type { Metrics } from '../metrics.ts'
import { probeConfig } from '../overload.ts'
import type { ServiceParts } from '../port.ts'
import { sendProblem } from '../problem.ts'

/** What the routes of operations need beside the parts of the service. */
export interface Operations {
  readonly stats: () => Promise<unknown>
  readonly metrics: Metrics
  readonly events: EventStreams
  readonly losses: LossAlarm
  readonly isDraining: () => boolean
}

/** Figures, probes and events: nothing here touches a user. */
export function addOperationRoutes(
  app: FastifyInstance,
  { health, warnings }: ServiceParts,
  { stats, metrics, events, losses, isDraining }: Operations,
): void {
  app.get('/stats', docs.stats, stats)

  app.get('/metrics', docs.metrics, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  )

  app.get('/events', docs.events, (request, reply) => {
    events.open(request, reply)
  })

  app.get('/healthz', docs.healthz, (_request, reply) => reply.send({ status: 'ok' }))

  app.get('/readyz', docs.readyz, async (_request, reply) => {
    if (isDraining()) return sendProblem(reply, notReady(['draining']))
    const [{ reads, writes, reasons: troubles }, loss] = await Promise.all([
      health(),
      losses.reason(),
    ])
    const reasons = loss === undefined ? troubles : [...troubles, loss]
    if (!reads && !writes) return sendProblem(reply, notReady(reasons))
    const current = warnings.current()
    return reply.send({
      status: reads && writes && reasons.length === 0 ? 'ok' : 'degraded',
      reasons,
      ...(current.length === 0 ? {} : { warnings: current }),
    })
  })
}

function notReady(reasons: readonly string[]) {
  const detail = reasons.length === 0 ? 'not ready' : reasons.join('; ')
  return { code: 'NOT_READY', detail, members: { reasons } } as const
}

const tags = ['operations']
const text = (type: string) => ({ type, schema: { type: 'string' } })
const json = (ref: string) => ({ type: 'application/json', schema: { $ref: ref } })

const docs = {
  stats: {
    schema: {
      tags,
      summary: 'What the cache has done',
      response: { 200: answer('The figures.', json('Stats#')) },
    },
  },
  metrics: {
    schema: {
      tags,
      summary: 'The same, and the process, for Prometheus',
      response: { 200: answer('Prometheus text.', text('text/plain')) },
    },
  },
  events: {
    schema: {
      tags,
      summary: 'A stats frame a second, and what happens: flush, refresh, dead letter, breaker',
      response: { 200: answer('Server-sent events.', text('text/event-stream')) },
    },
  },
  healthz: {
    config: probeConfig,
    schema: {
      tags,
      summary: 'Alive',
      response: { 200: answer('It is.', json('Alive#')) },
    },
  },
  readyz: {
    config: probeConfig,
    schema: {
      tags,
      summary: 'Ready to serve',
      response: {
        200: answer('It is, perhaps only in part: then the reasons say why.', json('Ready#')),
        ...problems('NOT_READY'),
      },
    },
  },
}
