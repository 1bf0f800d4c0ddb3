import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { ProblemError } from './problem.ts'

/** When a service refuses work. */
export interface OverloadOptions {
  /** Requests a minute per client; undefined: no limit. */
  readonly rateLimit?: number | undefined
  /** Mean delay of the event loop over a sample, from which on requests get 503. Default 1 s. */
  readonly maxEventLoopDelayMs?: number | undefined
  /** Default 1 s. */
  readonly sampleIntervalMs?: number | undefined
}

declare module 'fastify' {
  interface FastifyContextConfig {
    answersUnderPressure?: boolean
  }
}

/** Config of routes that answer however much else there is to do, and count for no limit. */
export const probeConfig = { rateLimit: false, answersUnderPressure: true } as const

/** Refuses requests of a client past its limit (429), and of anybody while the process is behind (503). */
export async function refuseOverload(
  app: FastifyInstance,
  { rateLimit: max, maxEventLoopDelayMs = 1000, sampleIntervalMs = 1000 }: OverloadOptions,
): Promise<void> {
  // A sample that the start itself falls into says nothing about requests.
  let measuresFrom = 0
  app.addHook('onListen', async () => {
    measuresFrom = performance.now() + 2 * sampleIntervalMs
  })
  // In a scope without routes: its own hook makes an object of a route's options for each request.
  let isBehind = () => false
  await app.register((scope, _options, done) => {
    scope.register(underPressure, {
      maxEventLoopDelay: maxEventLoopDelayMs,
      sampleInterval: sampleIntervalMs,
    })
    isBehind = () => scope.isUnderPressure()
    done()
  })
  app.addHook('onRequest', (request, _reply, done) => {
    const isServed =
      !isBehind() ||
      performance.now() < measuresFrom ||
      request.routeOptions.config.answersUnderPressure
    if (isServed) done()
    else done(new ProblemError({ code: 'OVERLOADED', detail: 'the service is overloaded' }))
  })
  if (max === undefined) return
  await app.register(rateLimit, {
    max,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, { ttl }) =>
      new ProblemError({
        code: 'RATE_LIMITED',
        detail: `expected at most ${max} requests a minute, received more`,
        retryAfterMs: ttl,
      }),
  })
}
