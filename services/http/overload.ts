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

/** Config of routes that answer however much else there is to do, and count for no limit. */
export const probeConfig = {
  rateLimit: false,
  pressureHandler: () => undefined,
} as const

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
  await app.register(underPressure, {
    maxEventLoopDelay: maxEventLoopDelayMs,
    sampleInterval: sampleIntervalMs,
    pressureHandler: () =>
      performance.now() < measuresFrom
        ? undefined
        : Promise.reject(
            new ProblemError({ code: 'OVERLOADED', detail: 'the service is overloaded' }),
          ),
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
