import type { Environment } from './environment.ts'
import { promises } from './ports.ts'
import type { RunningService } from './serve.ts'
import { placeOf } from './server-urls.ts'

/** What a newcomer reads after the start: where everything is, and what to try. */
export function banner(
  services: readonly RunningService[],
  environment: Environment,
  startMs: number,
): string {
  const width = Math.max(...services.map(({ url }) => url.length))
  const rows = services.map(
    ({ name, url }) => `  ${name.padEnd(14)} ${url.padEnd(width)}   ${promises[name]}`,
  )
  const first = services.find(({ name }) => name !== 'dashboard')
  return [
    '',
    `Ready in ${(startMs / 1_000).toFixed(1)} s.${first ? ` ${backends(environment)}` : ''}`,
    '',
    ...rows,
    '',
    ...(first ? whatToTry(first.url, services.length > 1) : []),
    'Ctrl-C stops.',
    '',
  ].join('\n')
}

function backends({ databaseUrl, redisUrls, dataDir, seedUsers }: Environment): string {
  const store = redisUrls ? `Redis at ${redisUrls.map(placeOf).join(', ')}` : 'in this process'
  const database = databaseUrl ? `at ${placeOf(databaseUrl)}` : `in this process, in ${dataDir}`
  return `Store: ${store}. Database: PostgreSQL ${database}, ${seedUsers} users a service.`
}

function whatToTry(url: string, areOthers: boolean): string[] {
  const body = `'{"name":"Ada","email":"ada@example.com"}'`
  return [
    `Try${areOthers ? ', on any of them' : ''}:`,
    `  curl -i ${url}/users/1   # a miss, loaded from the database; again: a hit (Cache-Status says which)`,
    `  curl -i -X PUT ${url}/users/1 -H 'content-type: application/json' -d ${body}`,
    `  curl ${url}/stats        # or ${url}/docs in a browser`,
    '',
  ]
}
