import { createHash } from 'node:crypto'
import { type FastifyInstance, fastify, LogController } from 'fastify'
import type { LogLevel } from '../environment.ts'
import { answerClientError } from '../http/client-errors.ts'
import { closeGracefully } from '../http/closing.ts'
import { requestProblem } from '../http/framework-errors.ts'
import { loggerOptions } from '../http/logging.ts'
import { type PatternName, patternNames } from '../http/port.ts'
import { sendProblem } from '../http/problem.ts'
import { answerUnknownRoutes } from '../http/unknown-routes.ts'
import { page } from './page.ts'
import { script } from './script.ts'
import { style } from './style.ts'

export interface DashboardOptions {
  /** Where this process reaches a service: one of its own, or one at its usual port. */
  readonly urlOf: (name: PatternName) => string
  readonly logLevel: LogLevel
}

/** Port 8000: the page that links to the five services, and the figures it shows. Asks them over HTTP. */
export function dashboardApp({ urlOf, logLevel }: DashboardOptions): FastifyInstance {
  const app = fastify({
    ...loggerOptions({ level: logLevel }),
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply, requestProblem(error, request))
    },
  })
  app.setErrorHandler((error, request, reply) => sendProblem(reply, requestProblem(error, request)))
  answerUnknownRoutes(app)

  closeGracefully(app, () => undefined)

  app.get('/', (request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .headers(pageHeaders)
      .send(page(patternNames.map((name) => ({ name, url: seenFrom(request.host, urlOf(name)) })))),
  )
  app.get('/api/stats', (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return Promise.all(
      patternNames.map(async (name) => ({ name, stats: await statsOf(urlOf(name)) })),
    )
  })
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', () => ({ status: 'ok' }))
  return app
}

const sha256 = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const pageHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; script-src ${sha256(script)}; style-src ${sha256(style)}; img-src data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/** The same port on the host that the browser came to: it may not be on this machine. */
function seenFrom(host: string, url: string): string {
  const seen = new URL(url)
  if (/^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?$/i.test(host)) {
    seen.hostname = host.replace(/:[0-9]+$/, '')
  }
  return seen.origin
}

/** Null when the service does not answer: it may not have been started. */
async function statsOf(url: string): Promise<unknown> {
  try {
    const answer = await fetch(`${url}/stats`, { signal: AbortSignal.timeout(1_000) })
    return answer.ok ? await answer.json() : null
  } catch {
    return null
  }
}
