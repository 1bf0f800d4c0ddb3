import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Stage } from '../compare/stage.ts'
import type { RunningSubject } from '../compare/subject.ts'

/** How fake processes depart from honest ones. */
export interface Traits {
  /** Only the processes can ask the database. */
  readonly isEmbedded?: boolean
  /** A write is acknowledged before the database has it, and reaches it so much later. Default: at once. */
  readonly flushMs?: number
  /** A process that is killed takes what it has not flushed with it. */
  readonly losesUnflushed?: boolean
  /** It says that the database has all, whether or not it has. */
  readonly settlesEarly?: boolean
  /** A process that is killed after its commit leaves the entry as it was, for this long. */
  readonly ttlMs?: number
  /** Of so many acknowledged writes one is written nowhere; of those without `flushMs`. */
  readonly losesEvery?: number
  readonly refusesWrites?: boolean
  readonly neverComesBack?: boolean
  /** It hangs while Redis is frozen, and answers then. */
  readonly needsRedis?: boolean
  /** It answers 500 after PostgreSQL has been away, until it is started again. */
  readonly staysBroken?: boolean
  /** It acknowledges writes while PostgreSQL is away, and drops them. */
  readonly dropsWrites?: boolean
  readonly labelsStale?: boolean
}

interface Row {
  readonly name: string
  readonly version: number
}

/** Most of the time a write has been committed, and the cache has not been told. */
const [commitMs, tellMs] = [2, 20]

/** The servers and the processes of a fake subject, without processes. */
export class FakeWorld {
  readonly traits: Traits
  readonly rows = new Map<number, Row>()
  readonly cache = new Map<number, Row & { readonly until: number }>()
  readonly restarts: number[] = []
  isRedisFrozen = false
  isPostgresDown = false
  #versions = 0
  #unflushed = 0
  #acknowledged = 0

  constructor(traits: Traits) {
    this.traits = traits
  }

  seed(users: number): void {
    for (let id = 1; id <= users; id += 1) this.rows.set(id, { name: `User ${id}`, version: 0 })
  }

  /** Undefined: there is nobody who could answer any more. */
  async write(id: number, name: string, isDead: () => boolean): Promise<Row | undefined> {
    this.#versions += 1
    const row = { name, version: this.#versions }
    const { flushMs, losesEvery = Number.POSITIVE_INFINITY, ttlMs } = this.traits
    await delay(commitMs)
    if (isDead()) return undefined
    this.#acknowledged += 1
    const isLost = this.#acknowledged % losesEvery === 0 || this.isPostgresDown
    if (flushMs === undefined && !isLost) this.rows.set(id, row)
    await delay(tellMs)
    if (isDead() && ttlMs !== undefined) return undefined
    if (flushMs === undefined) this.cache.delete(id)
    if (isDead()) return undefined
    if (flushMs !== undefined) this.#writeBehind(id, row, isDead)
    return row
  }

  /** The cache has it until the database has. */
  #writeBehind(id: number, row: Row, isDead: () => boolean): void {
    const { flushMs = 0, losesUnflushed } = this.traits
    this.cache.set(id, { ...row, until: Number.POSITIVE_INFINITY })
    this.#unflushed += 1
    setTimeout(() => {
      this.#unflushed -= 1
      if (losesUnflushed && isDead()) return
      this.rows.set(id, row)
      if (this.cache.get(id)?.version === row.version) this.cache.delete(id)
    }, flushMs)
  }

  read(id: number): Row | undefined {
    const cached = this.cache.get(id)
    if (cached !== undefined && cached.until > performance.now()) return cached
    const row = this.rows.get(id)
    const until = performance.now() + (this.traits.ttlMs ?? 60_000)
    if (row !== undefined) this.cache.set(id, { ...row, until })
    return row
  }

  async settle(): Promise<void> {
    while (this.#unflushed > 0 && !this.traits.settlesEarly) await delay(1)
  }
}

class FakeProcess {
  readonly #world: FakeWorld
  #server: Server | undefined
  #port = 0
  #isBroken = false

  constructor(world: FakeWorld) {
    this.#world = world
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(server, request, response).catch(() => response.destroy())
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
    this.#isBroken = false
  }

  async kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  }

  async #answer(server: Server, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { needsRedis, staysBroken, refusesWrites, labelsStale, dropsWrites } = this.#world.traits
    const world = this.#world
    const id = Number(request.url?.split('/')[2])
    const body = await text(request)
    while (needsRedis && world.isRedisFrozen) await delay(5)
    if (world.isPostgresDown && staysBroken) this.#isBroken = true
    const isWrite = request.method === 'PUT'
    const isAway = world.isPostgresDown && (isWrite ? !dropsWrites : !world.cache.has(id))
    if (this.#isBroken || isAway || (isWrite && refusesWrites)) {
      response.writeHead(this.#isBroken ? 500 : 503).end('{}')
      return
    }
    const isDead = () => this.#server !== server
    const row = isWrite ? await world.write(id, JSON.parse(body).name, isDead) : world.read(id)
    if (isDead()) return void response.destroy()
    if (row === undefined) return void response.writeHead(404).end()
    const status = isWrite
      ? { 'write-status': 'confirmed' }
      : { 'cache-status': `"fake"; hit; ${labelsStale ? 'ttl=-1' : 'ttl=1'}` }
    response.writeHead(200, { ...status, etag: `"${row.version}"` })
    response.end(JSON.stringify({ id, name: row.name, email: 'somebody@example.com' }))
  }
}

export async function fakeSubject(world: FakeWorld, count = 2): Promise<RunningSubject> {
  const processes = Array.from({ length: count }, () => new FakeProcess(world))
  await Promise.all(processes.map((each) => each.start()))
  const { isEmbedded, neverComesBack } = world.traits
  return {
    name: 'naive',
    urls: processes.map(({ url }) => url),
    statements: async () => 0,
    clearCache: async () => world.cache.clear(),
    settle: () => world.settle(),
    rows: isEmbedded ? undefined : async (ids) => new Map(ids.flatMap((id) => rowOf(world, id))),
    kill: async (index) => processes[index]?.kill(),
    async restart(index) {
      if (neverComesBack) await new Promise(() => undefined)
      world.restarts.push(index)
      await processes[index]?.start()
    },
    async stop() {
      await Promise.all(processes.map((each) => each.kill()))
    },
  }
}

function rowOf(world: FakeWorld, id: number): [number, Row][] {
  const row = world.rows.get(id)
  return row === undefined ? [] : [[id, row]]
}

/** Its servers are switches of the world. */
export function fakeStage(world: FakeWorld): Stage {
  const server = {
    ...{ url: '', port: 0, pid: 0, caPath: undefined, output: () => '', resume: () => undefined },
    ...{ stop: async () => undefined, restart: async () => undefined },
    ...{ kill: async () => undefined, pause: () => undefined },
  }
  const redis = {
    ...server,
    pause() {
      world.isRedisFrozen = true
    },
    resume() {
      world.isRedisFrozen = false
    },
  }
  const postgres = {
    ...server,
    ...{ createDatabase: async () => '', dropDatabase: async () => undefined },
    async kill() {
      world.isPostgresDown = true
    },
    async restart() {
      world.isPostgresDown = false
    },
  }
  const { isEmbedded } = world.traits
  return {
    ...{ redis: isEmbedded ? undefined : redis, postgres: isEmbedded ? undefined : postgres },
    countsStatements: 'processes',
    start(_name, { users, processes }) {
      world.seed(users)
      return fakeSubject(world, processes)
    },
    stop: async () => undefined,
  }
}
