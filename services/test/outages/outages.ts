import type { Fault } from '@caching-patterns/local-servers'
import { password, type Servers } from './servers.ts'

export type ServerName = 'redis' | 'postgres'

/** Takes a server away, and answers what brings it back. Both resolve when it has happened. */
export type Outage = (servers: Servers) => Promise<() => Promise<unknown>>

/** What can happen to a server, under the names that the table has for it. */
export type OutageName =
  | 'refuses connections'
  | 'is killed'
  | 'is frozen'
  | 'is behind a black hole'
  | 'answers 70 ms later'
  | 'answers 500 ms later'
  | 'has another password'
  | 'only reads'

export const outages: Readonly<Record<ServerName, Readonly<Record<OutageName, Outage>>>> = {
  redis: {
    ...brokenLines('redisLine'),
    ...brokenProcesses('redis'),
    'has another password': async ({ redisCommands }) => {
      const change = (from: string, to: string) =>
        redisCommands(
          [
            ['CONFIG', 'SET', 'requirepass', to],
            ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'],
          ],
          from,
        )
      await change(password, 'second')
      return () => change('second', password)
    },
    'only reads': async ({ redisCommands }) => {
      await redisCommands([['REPLICAOF', '127.0.0.1', '1']])
      return () => redisCommands([['REPLICAOF', 'NO', 'ONE']])
    },
  },
  postgres: {
    ...brokenLines('postgresLine'),
    ...brokenProcesses('postgres'),
    'has another password': async ({ sql }) => {
      const change = (to: string) => sql(`alter role app password '${to}'`, endSessions)
      await change('second')
      return () => change(password)
    },
    // As a standby that a failover left behind, or a disk guard, makes it: sessions stay.
    'only reads': async ({ sql }) => {
      const change = (to: string) =>
        sql(`alter system set default_transaction_read_only = ${to}`, 'select pg_reload_conf()')
      await change('on')
      return () => change('off')
    },
  },
}

const endSessions = `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'`

function brokenLines(line: 'redisLine' | 'postgresLine') {
  const broken =
    (fault: Fault): Outage =>
    async ({ [line]: proxy }) => {
      await proxy.set(fault)
      return () => proxy.set(undefined)
    }
  // The line delays each direction.
  const slow = (ms: number) => broken({ kind: 'latency', ms: ms / 2 })
  return {
    'refuses connections': broken({ kind: 'refuse' }),
    'is behind a black hole': broken({ kind: 'black-hole' }),
    'answers 70 ms later': slow(70),
    'answers 500 ms later': slow(500),
  }
}

function brokenProcesses(name: ServerName) {
  const killed: Outage = async ({ [name]: server }) => {
    await server.kill()
    return () => server.restart()
  }
  const frozen: Outage = async ({ [name]: server }) => {
    server.pause()
    return async () => server.resume()
  }
  return { 'is killed': killed, 'is frozen': frozen }
}
