import type { DurabilityOptions, WriteResult } from 'caching-patterns'
import type { FastifyReply } from 'fastify'
import { entityTag } from './conditional.ts'
import type { User } from './port.ts'

export const jsonType = 'application/json; charset=utf-8'

/** What a preference to wait so many seconds asks of a write; a service that is closing waits for nothing. */
export function durabilityFor(wait: number | undefined, closing: AbortSignal): DurabilityOptions {
  if (wait === undefined || wait === 0 || closing.aborted) return {}
  return { durability: 'persisted', within: `${wait}s`, signal: closing }
}

/** Answers with the user that was written. */
export function sendWritten(
  reply: FastifyReply,
  written: WriteResult<User>,
  wait: number | undefined,
): FastifyReply {
  if (written.json === undefined) {
    throw new TypeError('a repository wrote a user and returned none')
  }
  return say(reply, written, wait)
    .header('content-type', jsonType)
    .header('etag', entityTag(written.version))
    .send(written.json)
}

/** Answers that the user is gone. */
export function sendDeleted(
  reply: FastifyReply,
  written: WriteResult<User>,
  wait: number | undefined,
): FastifyReply {
  return say(reply.code(204), written, wait).send()
}

/** What was waited for and did not come is not applied: `accepted` alone says so. */
function say(reply: FastifyReply, { status }: WriteResult<User>, wait: number | undefined) {
  if (wait !== undefined && status !== 'accepted') {
    reply.header('preference-applied', `wait=${wait}`)
  }
  return reply.header('write-status', status)
}
