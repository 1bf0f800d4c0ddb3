import { createNotificationPair, Loader, type LoaderConfig, RedisCache } from 'layered-loader'
import { failFast, failFastPage, ioredis } from './ioredis-client.ts'
import type { Circumstances, Form, Peer, PeerCache, Row } from './peer.ts'

const page = 'https://github.com/kibertoad/layered-loader'

const redisAlone: Form = {
  name: 'Redis alone',
  tiers: 'Redis',
  settings: 'Loader with asyncCache, all options at their defaults',
  sources: [`${page}#basic-concepts`],
  open: (circumstances) => cacheOf(circumstances, {}),
}

const twoTiers: Form = {
  name: 'default',
  tiers: 'memory, Redis',
  settings: 'Loader with inMemoryCache and asyncCache, all options at their defaults',
  sources: [`${page}#basic-example`],
  open: (circumstances) => cacheOf(circumstances, inMemory(circumstances)),
}

const tuned: Form = {
  name: 'tuned',
  tiers: 'memory, Redis, bus',
  settings: 'with createNotificationPair; ioredis that fails fast for the entries',
  sources: [`${page}#update-notifications`, failFastPage],
  async open(circumstances) {
    const { busPort, redisPort } = circumstances
    const { publisher, consumer } = createNotificationPair<Row>({
      channel: 'rows',
      publisherRedis: ioredis(busPort),
      consumerRedis: ioredis(busPort),
    })
    return cacheOf(
      circumstances,
      {
        ...inMemory(circumstances),
        notificationPublisher: publisher,
        notificationConsumer: consumer,
      },
      ioredis(redisPort, failFast),
    )
  },
}

const inProcess: Form = {
  name: 'in process',
  tiers: 'memory',
  settings: 'Loader with inMemoryCache',
  sources: [`${page}#basic-example`],
  open: (circumstances) => loaderOf(circumstances, inMemory(circumstances)),
}

/** https://github.com/kibertoad/layered-loader */
export const layeredLoader: Peer = {
  name: 'layered-loader',
  packages: ['layered-loader', 'ioredis'],
  forms: [redisAlone, twoTiers, tuned],
  inProcess: [inProcess],
}

function cacheOf(
  circumstances: Circumstances,
  config: LoaderConfig<Row>,
  client = ioredis(circumstances.redisPort),
): PeerCache {
  const options = { json: true, ttlInMsecs: circumstances.ttlMs }
  const asyncCache = new RedisCache<Row>(client, options)
  return loaderOf(circumstances, { ...config, asyncCache })
}

function loaderOf({ load }: Circumstances, config: LoaderConfig<Row>): PeerCache {
  const loader = new Loader<Row>({
    ...config,
    dataSourceGetOneFn: (key: string) => load(key),
    dataSourceGetManyFn: (keys: string[]) => Promise.all(keys.map(load)),
    cacheKeyFromValueResolver: ({ key }) => key,
    // What it would print otherwise is seen in what callers get.
    logger: { error: () => undefined },
  })
  return {
    get: (key) => loader.get(key),
    invalidate: (key) => loader.invalidateCacheFor(key),
    set: (key, row) => loader.forceSetValue(key, row),
    getMany: (keys) => loader.getMany([...keys]),
  }
}

function inMemory({ ttlMs }: Circumstances): LoaderConfig<Row> {
  return { inMemoryCache: { cacheType: 'lru-map', ttlInMsecs: ttlMs, maxItems: 1000 } }
}
