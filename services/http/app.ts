import { setMaxListeners } from 'node:events'
import { type FastifyInstance, fastify, LogController } from 'fastify'
import type { AdminOptions } from './admin-guard.ts'
import { answerClientError } from './client-errors.ts'
import { closeGracefully } from './closing.ts'
import { problemCodes } from './codes.ts'
import { addDocumentation } from './documentation.ts'
import { eventStreams } from './events.ts'
import { requestProblem } from './framework-errors.ts'
import { type LogOptions, loggerOptions } from './logging.ts'
import { lossAlarm } from './loss-alarm.ts'
import { createMetrics } from './metrics.ts'
import { type OverloadOptions, refuseOverload } from './overload.ts'
import type { ServiceParts } from './port.ts'
import { sendProblem } from './problem.ts'
import { addAdminRoutes } from './routes/admin.ts'
import { addDeadLetterRoutes } from './routes/dead-letters.ts'
import { addOperationRoutes } from './routes/operations.ts'
import { addUserRoutes } from './routes/users.ts'
import { answerUnknownRoutes } from './unknown-routes.ts'
import { bodyLimit, parseJson } from './validation.ts'

export interface AppOptions extends OverloadOptions {
  readonly admin: AdminOptions
  /** How long `POST /admin/flush` waits for the database. Default 30 s. */
  readonly flushWithinMs?: number | undefined
  /** Default: no log. */
  readonly logger?: LogOptions | undefined
}

/**
 * The HTTP service around one pattern, ready to listen. `close` answers what is under way, ends event
 * streams and connections, then closes `parts.users`; `/readyz` says 503 from its beginning on.
 */
export async function buildApp(parts: ServiceParts, options: AppOptions): Promise<FastifyInstance> {
  const app = createServer(options.logger)
  answerErrors(app)
  answerUnknownRoutes(app)
  await refuseOverload(app, options)
  await addDocumentation(app, parts.pattern)

  const startedAt = performance.now()
  const stats = async () => ({
    pattern: parts.pattern,
    store: parts.store,
    source: parts.source,
    uptimeMs: Math.round(performance.now() - startedAt),
    ...(await parts.users.stats()),
    ...parts.figures?.(),
    warnings: parts.warnings.current(),
  })
  const events = eventStreams(parts.subscribe, stats)
  const closing = new AbortController()
  // Of each write that waits for the database.
  setMaxListeners(0, closing.signal)
  const isDraining = closeGracefully(app, () => {
    events.close()
    closing.abort()
  })
  app.addHook('onClose', () => parts.users.close())

  addUserRoutes(app, parts, closing.signal)
  const metrics = createMetrics(() => parts.users.stats())
  const losses = lossAlarm(parts)
  app.addHook('onClose', () => losses.close())
  addOperationRoutes(app, parts, { stats, metrics, events, losses, isDraining })
  addAdminRoutes(app, parts.users, losses, options.admin)
  const { journal } = parts.users
  if (journal !== undefined) {
    const { admin, flushWithinMs } = options
    addDeadLetterRoutes(app, journal, { ...admin, flushWithinMs, closing: closing.signal })
  }
  await app.ready()
  return app
}

function createServer(log: LogOptions | undefined): FastifyInstance {
  const app = fastify({
    ...(log === undefined ? { logger: false } : loggerOptions(log)),
    logController: new LogController({ disableRequestLogging: true }),
    // A logger of its own per request costs more than a hit, and no line needs one.
    childLoggerFactory: (logger) => logger,
    bodyLimit,
    ajv: {
      customOptions: {
        allErrors: true,
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
      },
    },
    // Requests that still come while closing are served, on connections that then end.
    return503OnClosing: false,
    http: { requireHostHeader: false },
    requestTimeout: 60_000,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply, requestProblem(error, request))
    },
  })
  // Answers are text already, or small: response schemas are for the documentation.
  app.setSerializerCompiler(() => JSON.stringify)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJson)
  // Node's own answer to an Expect that it does not know would have no body.
  app.server.on('checkExpectation', app.routing)
  return app
}

function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = requestProblem(error, request)
    const { status } = problemCodes[problem.code]
    if (status >= 500) {
      const level = status === 500 ? 'error' : 'warn'
      request.log[level]({ req: request, err: error }, `answered ${problem.code}`)
    }
    return sendProblem(reply, problem)
  })
}
