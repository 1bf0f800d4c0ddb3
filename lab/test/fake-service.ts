import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How a fake service departs from an honest one. */
export interface Behaviour {
  /** Users 1 to this exist. */
  readonly users: number
  /** `/stats` counts a hit of this key twice. */
  readonly miscountedKey?: string
  /** The GET of this key is answered 500. */
  readonly brokenKey?: string
  /** Connections are cut from this request on. */
  readonly diesAt?: number
  readonly adminToken?: string
  /** The first user requests are answered only when so many are under way. */
  readonly meeting?: number
}

export interface FakeService {
  readonly url: string
  /** The largest number of user requests that were under way at once. */
  readonly peak: () => number
  readonly connections: () => number
  close(): Promise<void>
}

/** A service of the HTTP contract, as far as a replay sees it: a cache without bounds, in memory. */
export async function fakeService(behaviour: Behaviour): Promise<FakeService> {
  const cached = new Set<string>()
  const reads = { hits: 0, misses: 0, stale: 0, negative: 0, bypass: 0 }
  let loads = 0
  let requests = 0
  let underWay = 0
  let peak = 0
  let connections = 0

  const respond = (path: string, authorization: string | undefined): [number, string, string?] => {
    if (path === '/stats') {
      return [200, JSON.stringify({ pattern: 'fake', reads, loads: { total: loads } })]
    }
    if (path.startsWith('/admin/')) {
      if (behaviour.adminToken && authorization !== `Bearer ${behaviour.adminToken}`)
        return [401, '']
      if (path === '/admin/cache/clear') cached.clear()
      return [204, '']
    }
    const key = decodeURIComponent(path.slice('/users/'.length))
    if (key === behaviour.brokenKey) return [500, '']
    const status = Number(key) <= behaviour.users ? 200 : 404
    if (cached.has(key)) {
      reads[status === 200 ? 'hits' : 'negative'] += key === behaviour.miscountedKey ? 2 : 1
      return [status, '{}', '"fake"; hit; ttl=300']
    }
    cached.add(key)
    loads += 1
    reads.misses += 1
    return [status, '{}', '"fake"; fwd=miss; stored']
  }

  let meet = () => {}
  const met = new Promise<void>((resolve) => {
    meet = resolve
  })
  const server = createServer(async (request, response) => {
    requests += 1
    if (requests >= (behaviour.diesAt ?? Number.POSITIVE_INFINITY)) return request.socket.destroy()
    const path = request.url ?? ''
    if (path.startsWith('/users/')) {
      peak = Math.max(peak, ++underWay)
      if (peak >= (behaviour.meeting ?? 1)) meet()
      await met
      underWay -= 1
    }
    const [status, body, cacheStatus] = respond(path, request.headers.authorization)
    return response.writeHead(status, cacheStatus ? { 'cache-status': cacheStatus } : {}).end(body)
  })
  server.on('connection', () => {
    connections += 1
  })
  const url = await listening(server)
  return {
    url,
    peak: () => peak,
    connections: () => connections,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
