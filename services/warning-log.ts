import type { FastifyBaseLogger } from 'fastify'
import type { ServiceParts } from './http/port.ts'

/** Logs what there is to warn of, what begins later, and what ends. */
export function logWarnings(
  { pattern, warnings }: Pick<ServiceParts, 'pattern' | 'warnings'>,
  log: FastifyBaseLogger,
): void {
  for (const warning of warnings.current()) log.warn({ pattern }, warning)
  warnings.subscribe((warning, change) => {
    if (change === 'begins') log.warn({ pattern }, warning)
    else log.info({ pattern }, `no longer: ${warning}`)
  })
}
