import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { failFast, failFastPage } from './ioredis-client.ts'
import type { Circumstances, Form, Peer, PeerCache } from './peer.ts'

const page = 'https://bentocache.dev/docs'

const redisAlone: Form = {
  name: 'Redis alone',
  tiers: 'Redis',
  settings: 'useL2Layer, all options at their defaults',
  sources: [`${page}/cache-drivers`],
  open(circumstances) {
    const rows = bentostore().useL2Layer(redisDriver({ connection: at(circumstances.redisPort) }))
    return cacheOf(new BentoCache({ default: 'rows', stores: { rows } }), circumstances)
  },
}

const multiTier: Form = {
  name: 'default',
  tiers: 'memory, Redis, bus',
  settings: 'useL1Layer, useL2Layer and useBus, all options at their defaults',
  sources: [`${page}/multi-tier`],
  open(circumstances) {
    const rows = bentostore()
      .useL1Layer(memoryDriver({ maxSize: '10mb' }))
      .useL2Layer(redisDriver({ connection: at(circumstances.redisPort) }))
      .useBus(redisBusDriver({ connection: at(circumstances.busPort) }))
    return cacheOf(new BentoCache({ default: 'rows', stores: { rows } }), circumstances)
  },
}

const tuned: Form = {
  name: 'tuned',
  tiers: 'memory, Redis, bus',
  settings:
    'grace 6h, timeout 200ms, hardTimeout 1s, l2CircuitBreakerDuration 1s, retryQueue of the bus; ioredis that fails fast',
  sources: [
    `${page}/options`,
    `${page}/grace-periods`,
    `${page}/timeouts`,
    `${page}/multi-tier`,
    failFastPage,
  ],
  open(circumstances) {
    const connection = { ...at(circumstances.redisPort), ...failFast }
    const bus = { connection: at(circumstances.busPort), retryQueue: { enabled: true } }
    const rows = bentostore()
      .useL1Layer(memoryDriver({ maxSize: '10mb' }))
      .useL2Layer(redisDriver({ connection }))
      .useBus(redisBusDriver(bus))
    const bento = new BentoCache({
      default: 'rows',
      grace: '6h',
      timeout: '200ms',
      hardTimeout: '1s',
      l2CircuitBreakerDuration: '1s',
      stores: { rows },
    })
    return cacheOf(bento, circumstances)
  },
}

const inProcess: Form = {
  name: 'in process',
  tiers: 'memory',
  settings: 'useL1Layer, all options at their defaults but maxSize 10mb',
  sources: [`${page}/cache-drivers`],
  open(circumstances) {
    const rows = bentostore().useL1Layer(memoryDriver({ maxSize: '10mb' }))
    return cacheOf(new BentoCache({ default: 'rows', stores: { rows } }), circumstances)
  },
}

const unserialized: Form = {
  name: 'in process, unserialized',
  tiers: 'memory',
  settings: 'useL1Layer, serialize false: callers share one object, which each of them can change',
  sources: [`${page}/cache-drivers#serialize-option`],
  open(circumstances) {
    const rows = bentostore().useL1Layer(memoryDriver({ serialize: false }))
    return cacheOf(new BentoCache({ default: 'rows', stores: { rows } }), circumstances)
  },
}

/** https://bentocache.dev */
export const bentocache: Peer = {
  name: 'bentocache',
  packages: ['bentocache', 'ioredis'],
  forms: [redisAlone, multiTier, tuned],
  inProcess: [inProcess, unserialized],
}

interface Rows {
  getOrSet(options: { key: string; ttl: number; factory: () => unknown }): Promise<unknown>
  delete(options: { key: string }): Promise<unknown>
  set(options: { key: string; ttl: number; value: unknown }): Promise<unknown>
}

function cacheOf(bento: Rows, { ttlMs, load }: Circumstances): PeerCache {
  return {
    get: (key) => bento.getOrSet({ key, ttl: ttlMs, factory: () => load(key) }),
    invalidate: (key) => bento.delete({ key }),
    set: (key, value) => bento.set({ key, ttl: ttlMs, value }),
  }
}

function at(port: number) {
  return { host: '127.0.0.1', port }
}
