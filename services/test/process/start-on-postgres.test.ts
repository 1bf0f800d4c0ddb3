import { chown, copyFile, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createCertificate,
  findPrograms,
  type LocalPostgres,
  startPostgres,
} from '@caching-patterns/local-servers'
import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type OddServer, rewritingProxy, silentServer, talkativeServer } from './odd-servers.ts'
import { refusal, refusalHere } from './refusal.ts'
import { cleanUp, startServices, temporaryFolder } from './service-process.ts'

// Starts take seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

describeWith(['postgres'], 'a process refuses a DATABASE_URL', ({ postgres: shared }) => {
  let own: LocalPostgres
  let standby: LocalPostgres
  let authority: string
  const odd: OddServer[] = []

  beforeAll(async () => {
    ;[own, standby] = await Promise.all([
      startPostgres(),
      startPostgres({ settings: { wal_level: 'replica' } }),
    ])
    authority = await withRolesAndTls(own, await temporaryFolder())
    await writeFile(join(await folderOf(standby), 'standby.signal'), '')
    await standby.restart()
  })
  afterAll(async () => {
    await cleanUp()
    await Promise.all([own, standby].map((each) => each?.stop()))
    await Promise.all(odd.map((each) => each.close()))
  })

  /** The one line of a process that was refused. */
  async function lineFor(url: string): Promise<string> {
    return oneLine(await refusalHere('read-through', { DATABASE_URL: url }))
  }
  function oneLine(output: string): string {
    expect(output).toMatch(/^[^\n]+\n$/)
    expect(output).not.toMatch(/hunter2|wrong-one/)
    return output
  }
  const line = (where: string | number, words: string) =>
    `DATABASE_URL: ${typeof where === 'number' ? `127.0.0.1:${where}` : where}: ${words}\n`
  const urlOf = (user: string, rest = 'postgres') =>
    `postgres://${user}@127.0.0.1:${own.port}/${rest}`
  const here = () => `127.0.0.1:${own.port}/postgres`
  const started = async (server: Promise<OddServer>) => {
    odd.push(await server)
    return (await server).port
  }

  test('without the password that it asks for', async () => {
    const words = 'asks for a password, and the URL has none'
    expect(await lineFor(urlOf('guarded'))).toBe(line(here(), words))
  })

  test('with a wrong password (28P01)', async () => {
    const words = 'refuses the password of guarded: check both in the URL'
    const variables = { DATABASE_URL: urlOf('guarded:wrong-one') }
    expect(oneLine(await refusal(['read-through'], variables))).toBe(line(here(), words))
  })

  test('of a role that is not there (28000)', async () => {
    const words = 'refuses nobody (role "nobody" does not exist): check the user in the URL'
    expect(await lineFor(urlOf('nobody'))).toBe(line(here(), words))
  })

  test('of a database that is not there (3D000)', async () => {
    const words = 'database "shop" does not exist: create it (createdb), or name another in the URL'
    expect(await lineFor(urlOf('postgres', 'shop'))).toBe(line(`127.0.0.1:${own.port}/shop`, words))
  })

  test('of a role that may not create the schema (42501)', async () => {
    const words =
      'role guarded may not create the schema "read_through": ' +
      'grant create on database postgres to guarded, or create the schema for it'
    expect(await lineFor(urlOf('guarded:hunter2'))).toBe(line(here(), words))
  })

  test('where nobody listens', async () => {
    const words = 'refuses connections: check host and port, and whether it runs'
    expect(await lineFor('postgres://app:hunter2@127.0.0.1:1/shop')).toBe(
      line('127.0.0.1:1/shop', words),
    )
  })

  test('of a host that has no address', async () => {
    const words = 'the host name cannot be resolved'
    expect(await lineFor('postgres://app@db.invalid/shop')).toBe(
      line('db.invalid:5432/shop', words),
    )
  })

  test('of a black hole, without waiting for ever', async () => {
    const hole = await started(silentServer())
    const words = 'no answer within 3.5 s: check host and port, firewalls, and whether it runs'
    const variables = { DATABASE_URL: `postgres://127.0.0.1:${hole}` }
    expect(oneLine(await refusal(['read-through'], variables))).toBe(line(hole, words))
  })

  test('of a server that is no PostgreSQL', async () => {
    const http = await started(talkativeServer())
    const words = 'closed the connection without an answer: check that it is a PostgreSQL'
    expect(await lineFor(`postgres://127.0.0.1:${http}`)).toBe(line(http, words))
  })

  test('without TLS where a role may not do without', async () => {
    const words = 'takes encrypted by TLS alone, or not at all: add ?sslmode=verify-full to the URL'
    expect(await lineFor(urlOf('encrypted'))).toBe(line(here(), words))
  })

  test('with TLS where none is spoken', async () => {
    const words = 'does not speak TLS: take ?sslmode= out of the URL, or turn on ssl in the server'
    const output = await lineFor(`${shared.url}?sslmode=verify-full`)
    expect(output).toBe(line(`127.0.0.1:${new URL(shared.url).port}/postgres`, words))
  })

  test.each(['require', 'verify-ca', 'verify-full'])(
    'of a certificate by an authority that nobody knows, with sslmode=%s',
    async (sslmode) => {
      const words =
        'its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): ' +
        'name its authority with &sslrootcert=<file> in the URL'
      expect(await lineFor(urlOf('encrypted', `postgres?sslmode=${sslmode}`))).toBe(
        line(here(), words),
      )
    },
  )

  test('of an authority that cannot be read', async () => {
    const url = urlOf('encrypted', 'postgres?sslmode=verify-full&sslrootcert=/nowhere/ca.pem')
    const words = 'cannot read /nowhere/ca.pem (ENOENT), which the URL names'
    expect(await lineFor(url)).toBe(line(here(), words))
  })

  test('of a PostgreSQL before 13', async () => {
    const { port } = new URL(shared.url)
    const [said = ''] = await ask<string>(shared.url, "current_setting('server_version_num')")
    const proxy = await started(rewritingProxy(Number(port), said, '120022'))
    const words = 'expected PostgreSQL 13 or newer, found 12'
    expect(await lineFor(`postgres://postgres@127.0.0.1:${proxy}/postgres`)).toBe(
      line(`127.0.0.1:${proxy}/postgres`, words),
    )
  })

  test('of a hot standby', async () => {
    const words = 'a hot standby, which only reads: name the primary server'
    expect(await lineFor(standby.url)).toBe(line(`127.0.0.1:${standby.port}/postgres`, words))
  })

  test('of a server that acknowledges what a crash loses', async () => {
    const url = await own.createDatabase('careless')
    await ask(url, "set_config('x.y', '', false)")
    await run(url, 'alter database careless set synchronous_commit to off')
    expect(await lineFor(url)).toBe(
      line(
        `127.0.0.1:${own.port}/careless`,
        'expected synchronous_commit on: a crash would lose acknowledged writes, received "off"',
      ),
    )
  })

  test('with a parameter that the service sets itself', async () => {
    const words = 'expected no ?statement_timeout=, which the service sets itself: leave it out'
    expect(await lineFor(urlOf('postgres', 'postgres?statement_timeout=0'))).toBe(
      line(here(), words),
    )
  })

  test.each(['sslmode=verify-full&sslrootcert=', 'sslmode=require&sslrootcert='])(
    'not when its authority is named: %s<file>',
    async (parameters) => {
      const url = await own.createDatabase(`named_${parameters.length}`)
      await starts(`${url.replace('postgres@', 'encrypted@')}?${parameters}${authority}`)
    },
  )

  test('not of a server whose certificate nobody is to look at', async () => {
    const url = await own.createDatabase('unverified')
    await starts(`${url.replace('postgres@', 'encrypted@')}?sslmode=no-verify`)
  })

  test('not when another process has created the schema, and makes no data folder', async () => {
    const url = await freshDatabase()
    const dataDir = join(await temporaryFolder(), 'data')
    await starts(url, dataDir)
    await starts(url, dataDir)
    await expect(stat(dataDir)).rejects.toThrow('ENOENT')
  })

  async function starts(url: string, dataDir?: string): Promise<void> {
    const services = startServices(['read-through'], {
      DATA_DIR: dataDir ?? (await temporaryFolder()),
      DATABASE_URL: url,
      SEED_USERS: '1',
    })
    await services.ready
    services.kill('SIGTERM')
    expect((await services.ended).code, services.output()).toBe(0)
    // No warning of the client, no trace.
    expect(services.output()).not.toMatch(/warning|trace/i)
  }
})

async function run(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function ask<T>(url: string, expression: string): Promise<T[]> {
  const rows = (await run(url, `select ${expression} as value`)) as { value: T }[]
  return rows.map(({ value }) => value)
}

async function folderOf({ url }: LocalPostgres): Promise<string> {
  const [folder = ''] = await ask<string>(url, "current_setting('data_directory')")
  return folder
}

/** Roles that a password, or TLS, is demanded of; resolves to the file of the authority to trust. */
async function withRolesAndTls({ url, ...server }: LocalPostgres, own: string): Promise<string> {
  const folder = await folderOf({ url, ...server })
  const { certPath, keyPath } = await createCertificate(own, findPrograms().openssl)
  const { uid, gid } = await stat(folder)
  for (const [from, name] of [
    [certPath, 'server.crt'],
    [keyPath, 'server.key'],
  ] as const) {
    await copyFile(from, join(folder, name))
    await chown(join(folder, name), uid, gid)
  }
  const rules = join(folder, 'pg_hba.conf')
  const demands = [
    'host all guarded 127.0.0.1/32 scram-sha-256',
    'hostssl all encrypted 127.0.0.1/32 trust',
    'host all encrypted 127.0.0.1/32 reject',
  ]
  await writeFile(rules, [...demands, await readFile(rules, 'utf8')].join('\n'))
  await run(url, "create role guarded login password 'hunter2'")
  await run(url, 'create role encrypted login superuser')
  await run(url, 'alter system set ssl = on')
  await run(url, 'select pg_reload_conf()')
  await vi.waitUntil(async () => (await ask(url, "current_setting('ssl')"))[0] === 'on')
  return certPath
}
