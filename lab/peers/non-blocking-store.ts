import KeyvRedis, { createClient } from '@keyv/redis'

/** Where the client below is advised, and where its time-outs are documented. */
export const nonBlockingPages: readonly string[] = [
  'https://github.com/jaredwray/cacheable/tree/main/packages/cacheable#non-blocking-with-keyvredis',
  'https://github.com/redis/node-redis/blob/master/docs/client-configuration.md',
]

/** A store of @keyv/redis that does not block, on a client that ends silent connections. */
export function nonBlockingStore(port: number): KeyvRedis<unknown> {
  const client = createClient({
    url: `redis://127.0.0.1:${port}`,
    disableOfflineQueue: true,
    pingInterval: 300,
    socket: { connectTimeout: 1_000, socketTimeout: 1_000, reconnectStrategy: false },
  })
  client.on('error', () => undefined)
  return new KeyvRedis(client, { throwOnConnectError: false })
}
