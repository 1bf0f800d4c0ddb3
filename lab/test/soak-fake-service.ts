import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Figures } from '../soak/figures.ts'
import type { Subject, Trouble } from '../soak/subject.ts'

/** How fake processes depart from honest ones. */
export interface Faults {
  /** So many updates are honest; the next one is acknowledged, and written nowhere. */
  readonly losesUpdateAfter?: number
  /** Of those after so many the database hears nothing; the cache has them. */
  readonly losesRowsAfter?: number
  /** An update evicts the entry of its own process alone. */
  readonly cachesApart?: boolean
  /** A delete is acknowledged, and leaves the row. */
  readonly keepsDeleted?: boolean
  /** Every conditional read finds its user unchanged. */
  readonly neverChanges?: boolean
  /** Reads from the cache say that they went past it, and may be old. */
  readonly labelsStale?: boolean
  /** A read never looks at its condition. */
  readonly ignoresConditions?: boolean
  /** An update answers with the user as it was. */
  readonly answersWithOld?: boolean
  /** A refused update is written all the same. */
  readonly writesRefused?: boolean
  /** So many requests of users are answered; the next one gets this status, or nothing at all. */
  readonly failsOnce?: { readonly after: number; readonly how: number | 'silence' | 'cut' }
  /** So many reads carry a `Cache-Status`. */
  readonly mumblesAfter?: number
  readonly showsAnotherUser?: boolean
  /** `Write-Status` of every write. */
  readonly writeStatus?: string
  /** The figures are told differently. */
  readonly miscounts?: (figures: Mutable<Figures>) => void
  readonly journal?: NonNullable<Figures['journal']>
  readonly warnings?: readonly string[]
  readonly readyStatus?: string
  readonly troubles?: readonly Trouble[]
  /** By how much each sample is larger than the one before; `isGarbage`: until it is collected. */
  readonly leaks?: { readonly rss?: number; readonly heap?: number; readonly isGarbage?: boolean }
  readonly clearsNothing?: boolean
}

type Mutable<T> = {
  -readonly [Key in keyof T]: T[Key] extends object | null ? Mutable<T[Key]> : T[Key]
}

interface Row {
  readonly name: string
  readonly email: string
  readonly version: number
}

/** What the processes of one service share. */
export class FakeWorld {
  readonly rows = new Map<number, Row>()
  readonly caches: Map<number, Row | null>[] = []
  readonly faults: Faults
  updates = 0
  requests = 0
  reads = 0
  #versions: number
  #ids: number

  constructor(users: number, faults: Faults) {
    this.faults = faults
    this.#versions = users
    this.#ids = users
    for (let id = 1; id <= users; id += 1) {
      this.rows.set(id, { name: `User ${id}`, email: `user${id}@example.com`, version: id })
    }
  }

  nextId(): number {
    this.#ids += 1
    return this.#ids
  }

  row(draft: Omit<Row, 'version'>): Row {
    this.#versions += 1
    return { ...draft, version: this.#versions }
  }
}

/** A process of the HTTP contract, as far as a soak sees it, without a process. */
export async function fakeSubject(world: FakeWorld, name: string): Promise<Subject> {
  const service = new FakeProcess(world)
  const server = createServer((request, response) => {
    service.answer(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let rss = 100 * 2 ** 20
  return {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hasEnded: () => false,
    collectGarbage: () => service.collectGarbage(),
    async rssBytes() {
      rss += world.faults.leaks?.rss ?? 0
      return rss
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      return world.faults.troubles ?? []
    },
  }
}

class FakeProcess {
  readonly #world: FakeWorld
  readonly #cache: Map<number, Row | null>
  readonly #figures = noFigures()
  #heap = 50 * 2 ** 20

  constructor(world: FakeWorld) {
    this.#world = world
    const { cachesApart } = world.faults
    this.#cache = (cachesApart ? undefined : world.caches[0]) ?? new Map()
    world.caches.push(this.#cache)
  }

  collectGarbage(): void {
    if (this.#world.faults.leaks?.isGarbage) this.#heap = 50 * 2 ** 20
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    const body = await text(request)
    if (!url.startsWith('/users')) return this.#operate(url, response)
    const { failsOnce } = this.#world.faults
    this.#world.requests += 1
    if (failsOnce !== undefined && this.#world.requests === failsOnce.after + 1) {
      if (failsOnce.how === 'silence') return
      if (failsOnce.how === 'cut') return void request.socket.destroy()
      response.writeHead(failsOnce.how).end('{}')
      return
    }
    const id = Number(url.split('/')[2])
    if (method === 'GET') return this.#read(id, request, response)
    return this.#write({ method, id, body, request, response })
  }

  #operate(url: string, response: ServerResponse): void {
    const { miscounts, journal, leaks, clearsNothing, warnings, readyStatus } = this.#world.faults
    if (url === '/stats') {
      const figures = structuredClone({ ...this.#figures, journal: journal ?? null })
      miscounts?.(figures)
      response.end(JSON.stringify(figures))
    } else if (url === '/metrics') {
      this.#heap += leaks?.heap ?? 0
      response.end(`process_resident_memory_bytes 1\nnodejs_heap_size_used_bytes ${this.#heap}\n`)
    } else if (url === '/readyz') {
      response.end(JSON.stringify({ status: readyStatus ?? 'ok', reasons: [], warnings }))
    } else {
      if (!clearsNothing) for (const cache of this.#world.caches) cache.clear()
      response.writeHead(204).end()
    }
  }

  #read(id: number, { headers }: IncomingMessage, response: ServerResponse): void {
    const { neverChanges, ignoresConditions, mumblesAfter, showsAnotherUser } = this.#world.faults
    const { row, isCached } = this.#look(id)
    const status = this.#count(row, isCached)
    this.#world.reads += 1
    const isMumbling = this.#world.reads > (mumblesAfter ?? Number.POSITIVE_INFINITY)
    if (!isMumbling) response.setHeader('cache-status', `"fake"; ${status}`)
    if (row === null) {
      response.writeHead(404).end('{}')
      return
    }
    const etag = `"${row.version}"`
    const noneMatch = ignoresConditions ? undefined : headers['if-none-match']
    response.setHeader('etag', etag)
    if (noneMatch !== undefined && (noneMatch === etag || neverChanges)) {
      response.writeHead(304).end()
      return
    }
    response.end(JSON.stringify({ id: showsAnotherUser ? id + 1 : id, ...row }))
  }

  /** Answers what `Cache-Status` says. */
  #count(row: Row | null, isCached: boolean): string {
    const { reads, loads } = this.#figures
    reads.total += 1
    if (!isCached) {
      reads.misses += 1
      return 'fwd=miss; stored'
    }
    if (this.#world.faults.labelsStale) {
      reads.bypass += 1
      loads.total += 1
      return 'fwd=bypass; detail=stale'
    }
    reads[row === null ? 'negative' : 'hits'] += 1
    return 'hit; ttl=300'
  }

  #look(id: number) {
    const cached = this.#cache.get(id)
    if (cached !== undefined) return { row: cached, isCached: true }
    this.#figures.loads.total += 1
    const row = this.#world.rows.get(id) ?? null
    this.#cache.set(id, row)
    return { row, isCached: false }
  }

  #write(write: {
    method: string
    id: number
    body: string
    request: IncomingMessage
    response: ServerResponse
  }): void {
    const { method, id, body, request, response } = write
    const { rows, faults } = this.#world
    const { 'if-match': match, 'if-none-match': noneMatch } = request.headers
    if (noneMatch !== undefined) {
      const { row, isCached } = this.#look(id)
      this.#count(row, isCached)
    }
    this.#figures.writes.total += 1
    const current = rows.get(id)
    const tag = `"${current?.version}"`
    if (method !== 'POST' && current === undefined) return void response.writeHead(404).end('{}')
    if ((match !== undefined && match !== tag) || noneMatch === tag) {
      if (faults.writesRefused) this.#put(id, body)
      return void response.writeHead(412).end('{}')
    }
    response.setHeader('write-status', faults.writeStatus ?? 'confirmed')
    if (method === 'DELETE') {
      if (!faults.keepsDeleted) rows.delete(id)
      this.#cache.delete(id)
      return void response.writeHead(204).end()
    }
    if (method === 'POST') {
      this.#create(body, response)
      return
    }
    this.#world.updates += 1
    const row = this.#update(id, body)
    response.setHeader('etag', `"${row.version}"`)
    response.end(JSON.stringify({ id, ...(faults.answersWithOld ? current : row) }))
  }

  #create(body: string, response: ServerResponse): void {
    const { email } = JSON.parse(body) as { email: string }
    const isTaken = [...this.#world.rows.values()].some(
      (row) => row.email.toLowerCase() === email.toLowerCase(),
    )
    if (isTaken) {
      this.#figures.writes.failures += 1
      response.removeHeader('write-status')
      return void response.writeHead(409).end('{}')
    }
    const id = this.#world.nextId()
    const row = this.#put(id, body)
    response.setHeader('etag', `"${row.version}"`).setHeader('location', `/users/${id}`)
    response.writeHead(201).end(JSON.stringify({ id, ...row }))
  }

  #update(id: number, body: string): Row {
    const { updates, faults, rows } = this.#world
    const { losesUpdateAfter = Number.POSITIVE_INFINITY } = faults
    const { losesRowsAfter = Number.POSITIVE_INFINITY } = faults
    const before = rows.get(id)
    const row = this.#put(id, body)
    if (before !== undefined && updates === losesUpdateAfter + 1) rows.set(id, before)
    if (before !== undefined && updates > losesRowsAfter) {
      rows.set(id, before)
      this.#cache.set(id, row)
    }
    return row
  }

  #put(id: number, body: string): Row {
    const row = this.#world.row(JSON.parse(body))
    this.#world.rows.set(id, row)
    this.#cache.delete(id)
    return row
  }
}

function noFigures(): Mutable<Figures> {
  return {
    pattern: 'fake',
    store: 'memory',
    source: 'memory',
    reads: { total: 0, hits: 0, misses: 0, stale: 0, negative: 0, bypass: 0 },
    loads: { total: 0, failures: 0, joined: 0 },
    writes: { total: 0, failures: 0, unconfirmed: 0, outcomeUnknown: 0 },
    refreshes: null,
    journal: null,
    marksLost: 0,
    storeErrors: 0,
  }
}
