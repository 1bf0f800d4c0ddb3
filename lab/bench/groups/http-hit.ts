import { resolve } from 'node:path'
import { startPostgres, startRedis } from '@caching-patterns/local-servers'
import { Failure } from '../../replay/failure.ts'
import { service as clientOf } from '../../replay/service.ts'
import type { Group, Subject } from '../group.ts'
import { hitsOnly } from '../hits-only.ts'
import { type MeasuredProcess, startMeasured } from '../http/measured-process.ts'
import { requests } from '../http/requests.ts'
import { inLanes } from '../lanes.ts'
import { shuffled } from '../measure.ts'
import { connectedClient } from '../redis-client.ts'

const count = 2_000
const connections = 32
const workspace = resolve(import.meta.dirname, '../../../..')
const environment = { LOG_LEVEL: 'info', PORT: '0', SEED_USERS: String(count), CACHE_TTL: '1h' }
const names = { ours: 'read-through service', bare: 'bare Fastify, raw GET' }

/** What a hit costs a service that does all that ours do, over the least that could serve it. */
export const httpHit: Group = {
  name: 'http-hit',
  title: `GET /users/:id of a hit on Redis, ${connections} connections, ${count} users; CPU of the server`,
  needs: ['Redis', 'PostgreSQL'],
  async open(defer) {
    const [redis, postgres] = await Promise.all([startRedis(), startPostgres()])
    defer(() => Promise.all([redis.stop(), postgres.stop()]))
    const urls = { REDIS_URL: redis.url, DATABASE_URL: postgres.url }
    const start = (name: string, ...args: string[]) =>
      startMeasured(
        { name, args, folder: workspace, environment: { ...environment, ...urls } },
        defer,
      )
    const service = await start(names.ours, 'services/dist/cli.js', 'read-through')
    const bare = await start(names.bare, 'lab/dist/bench/http/bare-service.js')

    const ids = Array.from({ length: count }, (_, index) => index + 1)
    const paths = shuffled(ids, Math.random).map((id) => `/users/${id}`)
    const bodies = await warm(service, paths)
    const client = await connectedClient(redis.url)
    await client.mSet([...bodies].map(([path, body]): [string, string] => [`bare:${path}`, body]))
    await client.close()
    const stats = clientOf(service.url, 1)
    defer(() => stats.close())
    const reads = async () => {
      const { hits, misses, stale, negative, bypass } = (await stats.stats()).reads
      return { hits, total: hits + misses + stale + negative + bypass }
    }
    return {
      subjects: [
        subject(names.bare, bare, bodies),
        await hitsOnly(subject(names.ours, service, bodies), reads),
      ],
      comparisons: [
        { measure: 'cpu-ratio', subject: names.ours, baseline: names.bare, target: 0.85 },
        { measure: 'throughput-ratio', subject: names.ours, baseline: names.bare },
      ],
    }
  },
}

/** Reads every user, and again should the machine have been too busy to store one; answers their texts by path. */
async function warm(
  service: MeasuredProcess,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const bodies = new Map<string, string>()
  await inLanes([...paths, ...paths], connections, async (path) => {
    bodies.set(path, await (await fetch(service.url + path)).text())
  })
  return bodies
}

function subject(
  name: string,
  server: MeasuredProcess,
  bodies: ReadonlyMap<string, string>,
): Subject {
  return requests({
    name,
    server,
    paths: [...bodies.keys()],
    connections,
    checkAnswer(path, { ok, status }, body) {
      if (ok && body === bodies.get(path)) return
      throw new Failure(
        `${name}: ${path}: expected ${bodies.get(path)}, received ${status}, ${body}`,
      )
    },
  })
}
