import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema } from 'fastify'
import type { TSchema } from 'typebox'
import { type ProblemCode, problemCodes } from './codes.ts'
import type { PatternName } from './port.ts'
import { Alive, DeadLetters, Problem, Ready, Stats, User, UserDraft } from './schemas.ts'

/** Inputs that a handler reads itself, for speed or for better words: shown, and not validated by schema. */
export interface DocumentedInputs {
  readonly params?: TSchema
  readonly headers?: TSchema
  /** The documentation takes every body for one that is needed. */
  readonly isBodyOptional?: boolean
}

declare module 'fastify' {
  interface FastifyContextConfig {
    inputs?: DocumentedInputs
  }
}

/** Serves OpenAPI 3.1 of the routes added after it: `/openapi.json`, and `/docs` for people. */
export async function addDocumentation(app: FastifyInstance, pattern: PatternName): Promise<void> {
  const everywhere = [User, UserDraft, Problem, Stats, Alive, Ready]
  const schemas = pattern === 'write-behind' ? [...everywhere, DeadLetters] : everywhere
  for (const schema of schemas) app.addSchema(schema)
  const optionalBodies = new Set<string>()
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: `Users, by ${pattern}`,
        version: '0.1.0',
        description:
          'One contract, five services: each keeps its users by another caching pattern.',
      },
      tags: [{ name: 'users' }, { name: 'operations' }, { name: 'admin' }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    refResolver: { buildLocalReference: (json, _uri, _fragment, i) => String(json.$id ?? i) },
    transform({ schema, url, route }) {
      const { isBodyOptional, ...inputs } = route.config?.inputs ?? {}
      if (isBodyOptional) optionalBodies.add(url.replace(/:([a-z_]+)/g, '{$1}'))
      return { schema: { ...schema, ...inputs } as FastifySchema, url }
    },
    transformObject(document) {
      const { paths = {} } = 'openapiObject' in document ? document.openapiObject : {}
      for (const path of optionalBodies) {
        const body = paths[path]?.post?.requestBody
        if (body !== undefined && 'required' in body) body.required = false
      }
      return 'openapiObject' in document ? document.openapiObject : document.swaggerObject
    },
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
  const content = { type: 'application/json', schema: { type: 'object' } }
  const schema = {
    tags: ['operations'],
    summary: 'This page, as OpenAPI 3.1',
    response: { 200: answer('OpenAPI', content) },
  }
  app.get('/openapi.json', { schema }, () => app.swagger())
}

/** An answer, for a route's `response`. */
export function answer(
  description: string,
  content?: { readonly type: string; readonly schema: unknown },
  headers: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  return {
    description,
    ...(content === undefined
      ? { type: 'null' }
      : { content: { [content.type]: { schema: content.schema } } }),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, text]) => [name, { type: 'string', description: text }]),
    ),
  }
}

/** The problems that a route answers with, by status, for its `response`. */
export function problems(...codes: readonly ProblemCode[]): Record<number, unknown> {
  const meanings = new Map<number, string[]>()
  for (const code of codes) {
    const { status, meaning } = problemCodes[code]
    meanings.set(status, [...(meanings.get(status) ?? []), `\`${code}\`: ${meaning}.`])
  }
  const content = { type: 'application/problem+json', schema: { $ref: 'Problem#' } }
  return Object.fromEntries(
    [...meanings].map(([status, lines]) => [
      status,
      answer(lines.join('\n'), content, status === 503 ? retryAfter : {}),
    ]),
  )
}

const retryAfter = { 'Retry-After': 'Seconds.' }
