import { randomBytes } from 'node:crypto'
import { afterAll, describe, inject } from 'vitest'
import { postgresQuery } from './postgres-query.ts'
import type { ProvidedServers, ServerName } from './provided-servers.ts'
import { redisCommand } from './redis-command.ts'

export type { ProvidedServers, ServerName } from './provided-servers.ts'

/** What to install for each. */
const programs: Record<ServerName, string> = {
  redis: 'redis-server',
  redisCluster: 'redis-server',
  postgres: 'PostgreSQL',
}

/** Stand in for servers that are absent: what is skipped is collected all the same, and gets addresses of nobody. */
const nobody: ProvidedServers = {
  redis: { url: 'redis://redis.invalid:1' },
  redisCluster: { urls: ['redis://redis.invalid:1'] },
  postgres: { url: 'postgres://postgres@postgres.invalid:1/postgres' },
}

/** The server that the run shares, or `undefined` where its program is not installed. */
export function provided<Name extends ServerName>(name: Name): ProvidedServers[Name] | undefined {
  return inject('localServers')[name]
}

/**
 * `describe` for tests that need servers: gives their addresses to the body. Where one is not installed, its tests
 * are shown as skipped, with the reason in the title.
 */
export function describeWith<Name extends ServerName>(
  names: readonly Name[],
  title: string,
  body: (servers: Pick<ProvidedServers, Name>) => void,
): void {
  const servers = { ...nobody, ...inject('localServers') }
  const missing = names.filter((name) => provided(name) === undefined)
  if (missing.length === 0) {
    describe(title, () => body(servers))
    return
  }
  const reasons = [...new Set(missing.map((name) => programs[name]))]
  describe.skip(`${title} [needs ${reasons.join(' and ')}]`, () => body(servers))
}

/** Makes an empty database on the shared PostgreSQL, and answers its URL. Dropped after the test file, with all connections. */
export async function freshDatabase(): Promise<string> {
  const url = new URL(present('postgres').url)
  const name = `test_${randomName()}`
  await postgresQuery(Number(url.port), `create database ${name}`)
  undo.push(() => postgresQuery(Number(url.port), `drop database if exists ${name} with (force)`))
  url.pathname = name
  return url.href
}

/** The URL of an empty database of the shared Redis: its number is in the path. Emptied after the test file. */
export async function freshRedis(): Promise<string> {
  const { url } = present('redis')
  const fresh = `${url}/${await redisCommand(url, 'INCR', 'databases-in-use')}`
  undo.push(() => redisCommand(fresh, 'FLUSHDB'))
  return fresh
}

/** A prefix that no other test has: for a cluster, which has one database alone. */
export function freshPrefix(): string {
  return `test-${randomName()}:`
}

const undo: (() => Promise<unknown>)[] = []

// Vitest loads this module once for each test file, and runs what was registered first last.
afterAll(async () => {
  await Promise.all(undo.map((each) => each()))
})

function present<Name extends ServerName>(name: Name): ProvidedServers[Name] {
  const server = provided(name)
  if (server) return server
  throw new Error(
    `${programs[name]} is not installed: put the tests into describeWith(['${name}'])`,
  )
}

function randomName(): string {
  return randomBytes(6).toString('hex')
}
