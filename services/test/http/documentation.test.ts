import { readFile } from 'node:fs/promises'
import { errorCodes } from 'caching-patterns'
import { describe, expect, test } from 'vitest'
import { problemCodeNames, problemCodes } from '../../http/codes.ts'
import type { PatternName } from '../../http/port.ts'
import { send } from './client.ts'
import { fakeParts } from './fake-users.ts'
import { startApp } from './start-app.ts'

const operations = [
  'GET /stats 200',
  'GET /metrics 200',
  'GET /events 200',
  'GET /healthz 200',
  'GET /readyz 200 503',
  'GET /openapi.json 200',
  'POST /admin/stats/reset 204 401 403 503',
  'POST /admin/cache/clear 204 401 403 503',
]

async function document(pattern: PatternName) {
  const { url } = await startApp({}, fakeParts(pattern))
  const answer = await send(url, 'GET', '/openapi.json')
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  return JSON.parse(answer.text)
}

/** Every route with its statuses. */
async function routesOf(pattern: PatternName): Promise<string[]> {
  const { openapi, paths } = await document(pattern)
  expect(openapi).toMatch(/^3\.1\./)
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, { responses: object }>).map(
      ([method, { responses }]) =>
        `${method.toUpperCase()} ${path} ${Object.keys(responses).join(' ')}`,
    ),
  )
  return routes.sort()
}

describe('OpenAPI', () => {
  test('describes every route with the statuses of the contract', async () => {
    expect(await routesOf('read-through')).toEqual(
      [
        'GET /users/{user_id} 200 304 400 404 429 500 503',
        'POST /users 201 400 409 413 415 429 500 503',
        'PUT /users/{user_id} 200 400 404 409 412 413 415 429 500 503',
        'DELETE /users/{user_id} 204 400 404 412 415 429 500 503',
        ...operations,
      ].sort(),
    )
  })

  test('describes what write-behind alone has: dead letters, a flush, idempotency keys', async () => {
    expect(await routesOf('write-behind')).toEqual(
      [
        'GET /users/{user_id} 200 304 400 404 429 500 503',
        'POST /users 201 400 409 413 415 422 429 500 503',
        'PUT /users/{user_id} 200 400 404 409 412 413 415 429 500 503',
        'DELETE /users/{user_id} 204 400 404 409 412 415 429 500 503',
        ...operations,
        'GET /admin/dead-letters 200 400 401 403 429 500 503',
        'POST /admin/dead-letters/{user_id}/retry 200 204 400 401 403 404 409 413 415 429 500 503',
        'DELETE /admin/dead-letters/{user_id} 204 400 401 403 404 429 500 503',
        'POST /admin/flush 204 400 401 403 429 500 503',
      ].sort(),
    )
    const headersOf = async (pattern: PatternName, method: 'post' | 'delete') => {
      const { paths } = await document(pattern)
      const { parameters } = paths[method === 'post' ? '/users' : '/users/{user_id}'][method]
      return parameters
        .filter((each: { in: string }) => each.in === 'header')
        .map(({ name }: { name: string }) => name)
    }
    expect(await headersOf('write-behind', 'post')).toEqual(['prefer', 'idempotency-key'])
    expect(await headersOf('read-through', 'post')).toEqual(['prefer'])
    expect(await headersOf('read-through', 'delete')).toEqual([
      'if-match',
      'if-none-match',
      'prefer',
    ])
    const { paths } = await document('write-behind')
    const { requestBody } = paths['/admin/dead-letters/{user_id}/retry'].post
    expect(requestBody.content['application/json'].schema.$ref).toMatch(/UserDraft$/)
    expect(requestBody.required ?? false).toBe(false)
  })

  test('lists every code, and resolves every reference', async () => {
    const { url } = await startApp({}, fakeParts('write-behind'))
    const { text } = await send(url, 'GET', '/openapi.json')
    const document = JSON.parse(text)
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(problemCodeNames)
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path)
    expect(references.length).toBeGreaterThan(5)
    for (const path of references) {
      const target = path.split('/').reduce((node, key) => node?.[key], document)
      expect(target, path).toBeTypeOf('object')
    }
  })

  test('shows inputs, bodies and headers of a user', async () => {
    const { url } = await startApp()
    const { paths } = JSON.parse((await send(url, 'GET', '/openapi.json')).text)
    const { get, put } = paths['/users/{user_id}']
    expect(get.parameters.map(({ name }: { name: string }) => name)).toEqual([
      'user_id',
      'if-none-match',
    ])
    expect(Object.keys(get.responses[200].headers)).toEqual([
      'ETag',
      'Cache-Status',
      'Age',
      'Server-Timing',
    ])
    expect(put.requestBody.content['application/json'].schema.$ref).toMatch(/UserDraft$/)
    expect(Object.keys(put.responses[412].content)).toEqual(['application/problem+json'])
  })
})

test('/docs is a page, whose scripts are served, and which plain HTTP may load', async () => {
  const { url } = await startApp()
  const page = await send(url, 'GET', '/docs')
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toMatch(/^text\/html/)
  expect(page.headers.get('content-security-policy') ?? '').not.toContain('upgrade-insecure')
  const scripts = [...page.text.matchAll(/src="([^"]+)"/g)].map(([, source = '']) => source)
  expect(scripts.length).toBeGreaterThan(1)
  for (const source of scripts) {
    const { pathname } = new URL(source, `${url}/docs`)
    expect((await send(url, 'GET', pathname)).status, pathname).toBe(200)
  }
})

describe('docs/errors.md', () => {
  test('lists every code of an answer with its status', async () => {
    const expected = problemCodeNames.map((code) => `${code} ${problemCodes[code].status}`)
    expect(await rowsOf('HTTP')).toEqual(expected)
  })

  test('lists every code of the library, and whether to try again', async () => {
    const expected = Object.entries(errorCodes).map(
      ([code, { retryable }]) => `${code} ${retryable ? 'yes' : 'no'}`,
    )
    expect(await rowsOf('The library')).toEqual(expected)
  })
})

/** First two cells of each row of the table under a heading. */
async function rowsOf(heading: string): Promise<string[]> {
  const page = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? ''
  return [...section.matchAll(/^\| `([A-Z_]+)` \| (\w+) \|/gm)].map(([, code, second]) =>
    [code, second].join(' '),
  )
}
