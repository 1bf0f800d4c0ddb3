import type { ServerResponse } from 'node:http'
import type { CacheEvent } from 'caching-patterns'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceParts } from './port.ts'

/** The open event streams of a service. */
export interface EventStreams {
  /** Turns the answer into a stream. */
  open(request: FastifyRequest, reply: FastifyReply): void
  /** Ends every stream. */
  close(): void
}

/** Bytes that may wait for a slow client; a frame beyond them is dropped, for that client alone. */
const maxWaitingBytes = 64 * 1024

/**
 * Server-sent events: `stats` at once and every second, and what happened as it happens. One timer
 * and one subscription for all listeners, and none without listeners.
 */
export function eventStreams(
  subscribe: ServiceParts['subscribe'],
  stats: () => Promise<unknown>,
): EventStreams {
  const clients = new Set<ServerResponse>()
  let stop: (() => void) | undefined

  const send = (text: string, receivers: Iterable<ServerResponse> = clients) => {
    const frame = Buffer.from(text)
    for (const client of receivers) {
      const hasEnded = client.writableEnded || client.destroyed
      if (hasEnded || client.writableLength + frame.length > maxWaitingBytes) continue
      client.write(frame)
    }
  }
  const sendStats = async (receivers?: Iterable<ServerResponse>) => {
    try {
      send(frameOf('stats', await stats()), receivers)
    } catch {
      send(': no figures now\n\n', receivers)
    }
  }
  const start = () => {
    const timer = setInterval(sendStats, 1000)
    const unsubscribe = subscribe((event) => {
      const told = tell(event)
      if (told !== undefined) send(frameOf(event.type, told))
    })
    return () => {
      clearInterval(timer)
      unsubscribe()
    }
  }
  const remove = (client: ServerResponse) => {
    if (!clients.delete(client) || clients.size > 0) return
    stop?.()
    stop = undefined
  }

  return {
    open(request, reply) {
      const client = reply.hijack().raw
      client.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      if (request.method === 'HEAD') {
        client.end()
        return
      }
      client.flushHeaders()
      client.on('close', () => remove(client))
      clients.add(client)
      stop ??= start()
      void sendStats([client])
    },
    close() {
      for (const client of clients) {
        client.end()
        remove(client)
      }
    },
  }
}

function frameOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

/** What a client may know of an event: figures, codes and the user's id. Undefined: nothing. */
function tell(event: CacheEvent): object | undefined {
  switch (event.type) {
    case 'flush':
      return { rows: event.rows, durationMs: event.durationMs }
    case 'refresh':
      return { userId: userId(event.key), outcome: event.outcome, durationMs: event.durationMs }
    case 'dead-letter':
      return { userId: userId(event.key), version: event.version, sqlstate: event.sqlstate }
    case 'dead-letter-retried':
    case 'dead-letter-discarded':
    case 'restamp':
      return { userId: userId(event.key), version: event.version }
    case 'fenced':
    case 'journal-lost':
      return { rows: event.rows }
    case 'breaker':
    case 'flush-breaker':
      return { state: event.state }
    default:
      return undefined
  }
}

/** A key may hold anything; only a number is an id. */
function userId(key: string): number | undefined {
  const digits = /(?:^|:)([1-9][0-9]{0,15})$/.exec(key)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
