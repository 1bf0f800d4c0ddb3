import type { IncomingHttpHeaders } from 'node:http'
import type { WriteResult } from 'caching-patterns'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { age, cacheStatus, serverTiming } from '../cache-status.ts'
import { entityTag, expectedVersions, isNoneMatchHit, unwantedTags } from '../conditional.ts'
import type { ServiceParts, User, UserDraft } from '../port.ts'
import { type Problem, ProblemError, sendProblem } from '../problem.ts'
import { parseUserId, refuseQuery } from '../validation.ts'
import { userDocs } from './users-docs.ts'

interface OneUser {
  Params: { user_id: string }
}

/** `GET`, `POST`, `PUT` and `DELETE` of users. */
export function addUserRoutes(app: FastifyInstance, { pattern, users }: ServiceParts): void {
  /** The versions at which a write may find the user, as its conditional headers say; none: 404 or 412. */
  async function versionsFor(id: number, headers: IncomingHttpHeaders) {
    const versions = expectedVersions(headers)
    const unwanted = unwantedTags(headers)
    if (unwanted === undefined) return versions
    const current = await users.read(id)
    if (current.isStale) throw new ProblemError(unknownVersion)
    return isNoneMatchHit(unwanted, entityTag(current.version)) ? [] : versions
  }

  app.get<OneUser>('/users/:user_id', userDocs.get, async (request, reply) => {
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
    return reply.header('content-type', json).send(lookup.json)
  })

  app.post<{ Body: UserDraft }>('/users', userDocs.post, async (request, reply) => {
    refuseQuery(request.url)
    const created = await users.create(request.body)
    reply.code(201).header('location', `/users/${created.key}`)
    return sendWritten(reply, created)
  })

  app.put<OneUser & { Body: UserDraft }>(
    '/users/:user_id',
    userDocs.put,
    async (request, reply) => {
      const id = parseUserId(request.params.user_id)
      refuseQuery(request.url)
      const versions = await versionsFor(id, request.headers)
      const written = await users.update(id, request.body, versions)
      if (!written.existed) return sendProblem(reply, noUser(id))
      return sendWritten(reply, written)
    },
  )

  app.delete<OneUser>('/users/:user_id', userDocs.delete, async (request, reply) => {
    const id = parseUserId(request.params.user_id)
    refuseQuery(request.url)
    const written = await users.delete(id, await versionsFor(id, request.headers))
    if (!written.existed) return sendProblem(reply, noUser(id))
    return reply.code(204).header('write-status', written.status).send()
  })
}

const json = 'application/json; charset=utf-8'

function sendWritten(reply: FastifyReply, { json: text, version, status }: WriteResult<User>) {
  if (text === undefined) throw new TypeError('a repository wrote a user and returned none')
  return reply
    .header('content-type', json)
    .header('etag', entityTag(version))
    .header('write-status', status)
    .send(text)
}

const unknownVersion: Problem = {
  code: 'STORE_UNAVAILABLE',
  detail:
    'the version that stands is not known while the cache cannot be reached: nothing was written',
}

function noUser(id: number): Problem {
  return { code: 'USER_NOT_FOUND', detail: `there is no user ${id}` }
}
