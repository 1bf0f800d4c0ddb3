import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { age, cacheStatus, serverTiming } from '../cache-status.ts'
import { entityTag, expectedVersions, isNoneMatchHit, unwantedTags } from '../conditional.ts'
import { idempotencyKey } from '../idempotency-key.ts'
import type { ServiceParts, UserDraft, UserWriteOptions } from '../port.ts'
import { preferredWait } from '../preference.ts'
import { type Problem, ProblemError, sendProblem } from '../problem.ts'
import { parseUserId, refuseQuery } from '../validation.ts'
import { durabilityFor, jsonType, sendDeleted, sendWritten } from '../written.ts'
import { userDocs } from './users-docs.ts'

interface OneUser {
  Params: { user_id: string }
}

interface Place extends Pick<ServiceParts, 'users'> {
  readonly app: FastifyInstance
  readonly closing: AbortSignal
}

type Docs = ReturnType<typeof userDocs>

/** `GET`, `POST`, `PUT` and `DELETE` of users. At `closing` no write waits for the database any longer. */
export function addUserRoutes(
  app: FastifyInstance,
  parts: ServiceParts,
  closing: AbortSignal,
): void {
  const to: Place = { app, users: parts.users, closing }
  const docs = userDocs(parts.users.journal !== undefined)
  addReading(app, parts, docs)
  addCreating(to, docs)
  addChanging(to, docs)
}

function addReading(app: FastifyInstance, { pattern, users }: ServiceParts, docs: Docs): void {
  app.get<OneUser>('/users/:user_id', docs.get, async (request, reply) => {
    const id = parseUserId(request.params.user_id)
    refuseQuery(request.url)
    const startedAt = performance.now()
    const lookup = await users.read(id)
    reply.header('cache-status', cacheStatus(pattern, lookup))
    reply.header('server-timing', serverTiming(performance.now() - startedAt, lookup.loadMs))
    const seconds = age(lookup)
    if (seconds !== undefined) reply.header('age', seconds)
    if (lookup.json === undefined) return sendProblem(reply, noUser(id))
    const tag = entityTag(lookup.version)
    reply.header('etag', tag)
    const noneMatch = request.headers['if-none-match']
    if (noneMatch !== undefined && isNoneMatchHit(noneMatch, tag)) return reply.code(304).send()
    return reply.header('content-type', jsonType).send(lookup.json)
  })
}

function addCreating({ app, users, closing }: Place, docs: Docs): void {
  const hasJournal = users.journal !== undefined
  app.post<{ Body: UserDraft }>('/users', docs.post, async (request, reply) => {
    refuseQuery(request.url)
    const { headers, body } = request
    const wait = preferredWait(headers.prefer)
    const key = hasJournal ? idempotencyKey(headers['idempotency-key']) : undefined
    const created = await users.create(body, {
      ...durabilityFor(wait, closing),
      ...(key !== undefined && { idempotencyKey: key }),
    })
    reply.code(201).header('location', `/users/${created.key}`)
    return sendWritten(reply, created, wait)
  })
}

function addChanging({ app, users, closing }: Place, docs: Docs): void {
  /** The versions at which a write may find the user, as its conditional headers say; none: 404 or 412. */
  async function versionsFor(id: number, headers: IncomingHttpHeaders) {
    const versions = expectedVersions(headers)
    const unwanted = unwantedTags(headers)
    if (unwanted === undefined) return versions
    const current = await users.read(id)
    if (current.isStale) throw new ProblemError(unknownVersion)
    return isNoneMatchHit(unwanted, entityTag(current.version)) ? [] : versions
  }
  async function optionsFor(
    id: number,
    headers: IncomingHttpHeaders,
    wait: number | undefined,
  ): Promise<UserWriteOptions> {
    const versions = await versionsFor(id, headers)
    return { ...(versions && { ifVersion: versions }), ...durabilityFor(wait, closing) }
  }

  app.put<OneUser & { Body: UserDraft }>('/users/:user_id', docs.put, async (request, reply) => {
    const id = parseUserId(request.params.user_id)
    refuseQuery(request.url)
    const wait = preferredWait(request.headers.prefer)
    const options = await optionsFor(id, request.headers, wait)
    const written = await users.update(id, request.body, options)
    if (!written.existed) return sendProblem(reply, noUser(id))
    return sendWritten(reply, written, wait)
  })

  app.delete<OneUser>('/users/:user_id', docs.delete, async (request, reply) => {
    const id = parseUserId(request.params.user_id)
    refuseQuery(request.url)
    const wait = preferredWait(request.headers.prefer)
    const written = await users.delete(id, await optionsFor(id, request.headers, wait))
    if (!written.existed) return sendProblem(reply, noUser(id))
    return sendDeleted(reply, written, wait)
  })
}

const unknownVersion: Problem = {
  code: 'STORE_UNAVAILABLE',
  detail:
    'the version that stands is not known while the cache cannot be reached: nothing was written',
}

function noUser(id: number): Problem {
  return { code: 'USER_NOT_FOUND', detail: `there is no user ${id}` }
}
