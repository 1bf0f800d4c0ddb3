import { execFile } from 'node:child_process'
import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type LocalServer, startServer } from './local-server.ts'
import { postgresQuery } from './postgres-query.ts'
import { findPrograms, MissingProgramError, type Programs } from './programs.ts'
import { serverFolder } from './server-folder.ts'
import { type User, unprivilegedUser } from './unprivileged-user.ts'

/** How a PostgreSQL is started. */
export interface PostgresOptions {
  /** What was committed survives a power loss, as PostgreSQL does by itself. Default false: `fsync` is off. */
  readonly durable?: boolean
  /** More settings, by the names of `postgresql.conf`: `{ work_mem: '1MB' }`. They win over all others. Default none. */
  readonly settings?: Readonly<Record<string, string>>
  /** Names ports to try. Default: free ones. */
  readonly pickPort?: () => Promise<number>
  /** Default: those that are installed. */
  readonly programs?: Programs
}

/** A PostgreSQL of one's own; its user `postgres` may do everything. */
export interface LocalPostgres extends LocalServer {
  /** Makes an empty database, and answers its URL. */
  createDatabase(name: string): Promise<string>
  /** Removes a database, whoever is connected to it. */
  dropDatabase(name: string): Promise<void>
}

const always = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '32MB',
  // In its folder, which is removed, not in the system's, where a kill -9 leaves it.
  dynamic_shared_memory_type: 'mmap',
  // No standby, and no archive, will ever ask for more.
  wal_level: 'minimal',
  max_wal_senders: '0',
}
// Its log lies in memory: no more of it than a few seconds' worth.
const fast = { fsync: 'off', full_page_writes: 'off', max_wal_size: '256MB' }

/** Makes and starts a PostgreSQL that asks for no password. As root it runs as `postgres` or `nobody`. */
export async function startPostgres(options: PostgresOptions = {}): Promise<LocalPostgres> {
  const { durable = false, pickPort } = options
  const { postgres: programs } = options.programs ?? findPrograms()
  if (programs === undefined) throw new MissingProgramError('PostgreSQL (initdb and postgres)')
  const user = await unprivilegedUser()
  const folder = serverFolder(durable ? 'disk' : 'memory')
  const data = join(folder.path, 'data')
  try {
    mkdirSync(data, { mode: 0o700 })
    if (user) chownSync(data, user.uid, user.gid)
    await initialise(programs.initdb, data, user)
  } catch (error) {
    folder.remove()
    throw error
  }
  const settings = { ...always, ...(!durable && fast), ...options.settings }
  const server = await startServer({
    folder,
    program: (port) => ({
      file: programs.postgres,
      args: ['-D', data, ...commandLine({ port: String(port), ...settings })],
      ready: /ready to accept (read.only )?connections/i,
      user,
    }),
    url: (port) => databaseUrl(port, 'postgres'),
    endingSignal: 'SIGINT',
    stoppingSignal: 'SIGQUIT',
    pickPort,
  })
  const query = (sql: string) => postgresQuery(server.port, sql)
  return Object.assign(server, {
    async createDatabase(name: string) {
      await query(`create database ${quoted(name)}`)
      return databaseUrl(server.port, name)
    },
    dropDatabase: (name: string) => query(`drop database if exists ${quoted(name)} with (force)`),
  })
}

async function initialise(initdb: string, data: string, user: User | undefined): Promise<void> {
  const text = ['--encoding=UTF8', '--locale=C', '--auth=trust', '--username=postgres']
  const args = ['--pgdata', data, ...text, '--no-sync', '--no-instructions']
  const env = { PATH: process.env.PATH, LC_ALL: 'C', HOME: data }
  await promisify(execFile)(initdb, args, { env, cwd: data, timeout: 60_000, ...user })
}

function commandLine(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

function databaseUrl(port: number, name: string): string {
  return `postgres://postgres@127.0.0.1:${port}/${encodeURIComponent(name)}`
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
