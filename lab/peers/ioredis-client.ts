import { Redis, type RedisOptions } from 'ioredis'

/** How long the tuned clients wait for one answer: as long as a read of our own store does by default. */
const answerWithinMs = 100

/** Where ioredis documents the options below. */
export const failFastPage = 'https://redis.github.io/ioredis/interfaces/CommonRedisOptions.html'

/** ioredis for callers that would rather fail than wait: `commandTimeout`, one retry instead of 20, and no queue while there is no connection. */
export const failFast: RedisOptions = {
  commandTimeout: answerWithinMs,
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
}

/** A client of a Redis of this machine. An error of the connection reaches the calls as well, so the event is only heard. */
export function ioredis(port: number, options: RedisOptions = {}): Redis {
  const client = new Redis({ host: '127.0.0.1', port, ...options })
  client.on('error', () => undefined)
  return client
}
