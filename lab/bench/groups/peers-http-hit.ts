import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { startRedis } from '@caching-patterns/local-servers'
import { Failure } from '../../replay/failure.ts'
import type { Defer, Group, Subject } from '../group.ts'
import { type MeasuredProcess, startMeasured } from '../http/measured-process.ts'
import { requests } from '../http/requests.ts'
import { inLanes } from '../lanes.ts'
import { aheadOf, type Contender, isOurs, libraries, onRedis } from '../peers/contender.ts'
import { rawClient } from '../peers/raw-client.ts'
import { drawKey, rowOf } from '../peers/row-of.ts'

const count = 2_000
const connections = 32
const folder = resolve(import.meta.dirname, '../../../..')

/** What a hit costs a service over the least that serves it, with each library between Fastify and Redis. */
export const peersHttpHit: Group = {
  name: 'peers-http-hit',
  title: `GET of a hit on Redis through the same minimal Fastify, ${connections} connections, ${count} rows; CPU of the server`,
  needs: ['Redis'],
  async open(defer) {
    const redis = await startRedis()
    defer(() => redis.stop())
    const contenders: Contender[] = [
      { name: 'node-redis, GET', peer: rawClient, form: 'node-redis', asks: 'text' },
      ...(await libraries()).map((peer) => ({
        ...({ peer: peer.name, form: onRedis(peer).name, asks: 'value' } as const),
        name: isOurs({ peer: peer.name }) ? 'caching-patterns, lookup().json' : peer.name,
      })),
    ]
    const ours = contenders.find(isOurs)?.name ?? ''
    const subjects: Subject[] = []
    for (const each of contenders) subjects.push(await served(each, redis.port, defer))
    return {
      subjects,
      comparisons: aheadOf(contenders, ours),
      ranking: { ours, columns: ['throughput', 'cpu', 'allocation'] },
    }
  },
}

/** An app of its own with rows of its own, warm. */
async function served(contender: Contender, redisPort: number, defer: Defer): Promise<Subject> {
  const { name, peer, form } = contender
  const environment = {
    ...{ LOG_LEVEL: 'info', PEER: peer, FORM: form },
    REDIS_PORT: String(redisPort),
  }
  const args = ['lab/dist/bench/peers/http-app.js']
  const server = await startMeasured({ name, args, folder, environment }, defer)
  const keys = Array.from({ length: count }, drawKey)
  await inLanes([...keys, ...keys], connections, (key) => warm(server, key))
  const loadsWhenWarm = await loadsOf(server)
  const paths = new Map(keys.map((key) => [`/rows/${key}`, rowOf(key)]))
  const subject = requests({
    ...{ name, server, connections },
    paths: [...paths.keys()],
    checkAnswer(path, { ok, status }, body) {
      // One of them stores the fields in an order of its own.
      if (ok && isDeepStrictEqual(JSON.parse(body), paths.get(path))) return
      const expected = JSON.stringify(paths.get(path))
      throw new Failure(`${name}: ${path}: expected ${expected}, received ${status}, ${body}`)
    },
  })
  return {
    ...subject,
    async check() {
      await subject.check()
      const loads = (await loadsOf(server)) - loadsWhenWarm
      if (loads > 0)
        throw new Failure(
          `${name}: expected hits alone, ${loads} reads were loads: is the machine busy?`,
        )
    },
  }
}

async function warm({ url }: MeasuredProcess, key: string): Promise<void> {
  const { status } = await fetch(`${url}/rows/${key}`, { method: 'PUT' })
  if (status !== 204)
    throw new Failure(`${url}: expected 204 of a PUT of ${key}, received ${status}`)
}

async function loadsOf({ url }: MeasuredProcess): Promise<number> {
  return ((await (await fetch(`${url}/loads`)).json()) as { readonly loads: number }).loads
}
