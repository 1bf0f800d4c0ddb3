import { Agent, type IncomingMessage, request } from 'node:http'
import { Failure } from './failure.ts'

/** The figures of `/stats` that a replay compares with what it saw. */
export interface ServiceStats {
  readonly pattern: string
  readonly reads: {
    readonly hits: number
    readonly misses: number
    readonly stale: number
    readonly negative: number
    readonly bypass: number
  }
  readonly loads: { readonly total: number }
}

/** One answer, its body read to the end. */
export interface Answer {
  readonly status: number
  readonly cacheStatus: string | undefined
  readonly body: string
}

/** A running service, over connections that are kept alive. */
export interface Service {
  readonly url: string
  /** Rejects when there was no answer within 10 s. */
  getUser(key: string): Promise<Answer>
  stats(): Promise<ServiceStats>
  /** Empties the cache, and starts the figures anew. */
  reset(): Promise<void>
  /** Closes the connections. */
  close(): void
}

/** Talks to the service at `url` over at most `connections` connections. */
export function service(url: string, connections: number, adminToken?: string): Service {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const send = (method: string, path: string) => exchange(agent, method, url + path, adminToken)
  const expectOk = async (method: string, path: string) => {
    const answer = await send(method, path).catch((error: unknown) => {
      throw new Failure(`${url} does not answer (${failureName(error)}): is the service running?`)
    })
    if (answer.status === 401 || answer.status === 403) {
      throw new Failure(
        `${url}${path} answers ${answer.status}: set ADMIN_TOKEN to the service's, or use --warm`,
      )
    }
    if (answer.status < 200 || answer.status > 299) {
      throw new Failure(`${url}${path} answers ${answer.status}: is this one of the services?`)
    }
    return answer.body
  }
  return {
    url,
    getUser: (key) => send('GET', `/users/${encodeURIComponent(key)}`),
    async stats() {
      return parseStats(await expectOk('GET', '/stats'), url)
    },
    async reset() {
      await expectOk('POST', '/admin/cache/clear')
      await expectOk('POST', '/admin/stats/reset')
    },
    close: () => agent.destroy(),
  }
}

/** A short name of what went wrong on the wire. */
export function failureName(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message
}

function exchange(
  agent: Agent,
  method: string,
  url: string,
  adminToken: string | undefined,
): Promise<Answer> {
  const isAdmin = method === 'POST' && adminToken !== undefined
  const headers = isAdmin ? { authorization: `Bearer ${adminToken}` } : {}
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers, timeout: 10_000 }, (response) => {
      readAnswer(response).then(resolve, reject)
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer within 10 s')))
    sent.on('error', reject)
    sent.end()
  })
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  let body = ''
  response.setEncoding('utf8')
  for await (const chunk of response) body += chunk
  const cacheStatus = response.headers['cache-status']
  return {
    status: response.statusCode ?? 0,
    cacheStatus: Array.isArray(cacheStatus) ? cacheStatus.join(', ') : cacheStatus,
    body,
  }
}

function parseStats(body: string, url: string): ServiceStats {
  try {
    const stats = JSON.parse(body) as ServiceStats
    const figures = [
      ...['hits', 'misses', 'stale', 'negative', 'bypass'].map(
        (name) => stats.reads[name as keyof ServiceStats['reads']],
      ),
      stats.loads.total,
    ]
    if (typeof stats.pattern === 'string' && figures.every(Number.isSafeInteger)) return stats
  } catch (error) {
    throw new Failure(`${url}/stats is not what a service answers (${failureName(error)})`)
  }
  throw new Failure(`${url}/stats is not what a service answers`)
}
