import { type FastifyInstance, fastify, LogController } from 'fastify'

/** A Fastify without a route: server and logger are set as those of the services. */
export function minimalFastify(): FastifyInstance {
  return fastify({
    logger: { level: process.env.LOG_LEVEL ?? 'info' },
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger,
    return503OnClosing: false,
    http: { requireHostHeader: false },
    requestTimeout: 60_000,
  })
}
