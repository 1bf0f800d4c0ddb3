import type { FastifyBaseLogger } from 'fastify'
import type { ServiceParts } from './http/port.ts'

/** Logs what there is to notice and to warn of, what begins later, and what ends. */
export function logWarnings(
  { pattern, warnings, notices = [] }: Pick<ServiceParts, 'pattern' | 'warnings' | 'notices'>,
  log: FastifyBaseLogger,
): void {
  for (const warning of [...notices, ...warnings.current()]) log.warn({ pattern }, warning)
  warnings.subscribe((warning, change) => {
    if (change === 'begins') log.warn({ pattern }, warning)
    else log.info({ pattern }, `no longer: ${warning}`)
  })
}
