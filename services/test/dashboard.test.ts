import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dashboardApp } from '../dashboard/app.ts'
import { patternNames } from '../http/port.ts'
import { promises } from '../ports.ts'

const figures = { pattern: 'cache-aside', reads: { total: 3 } }
let service: Server
let app: FastifyInstance
let url: string

beforeAll(async () => {
  service = createServer((_request, response) => response.end(JSON.stringify(figures)))
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  const unused = 'http://127.0.0.1:1'
  app = dashboardApp({
    urlOf: (name) => (name === 'cache-aside' ? url : unused),
    logLevel: 'silent',
  })
})
afterAll(async () => {
  await app.close()
  service.close()
})

async function pageFrom(host: string): Promise<string> {
  return (await app.inject({ url: '/', headers: { host } })).body
}

describe('the page', () => {
  test('says of each service what it does and where it is', async () => {
    const html = await pageFrom('127.0.0.1:8000')
    for (const name of patternNames) {
      expect(html).toContain(`<h2>${name}</h2>`)
      expect(html).toContain(promises[name].slice(1))
    }
    for (const path of ['/users/1', '/stats', '/docs', '/events', '/metrics']) {
      expect(html).toContain(`<a href="${url}${path}">`)
    }
  })

  test('links to the host that the browser came to', async () => {
    const { port } = new URL(url)
    expect(await pageFrom('cache.example:8000')).toContain(
      `href="http://cache.example:${port}/stats"`,
    )
    expect(await pageFrom('[::1]:8000')).toContain(`href="http://[::1]:${port}/stats"`)
  })

  test('takes nothing from a Host header that is no host', async () => {
    const html = await pageFrom('host"onclick="alert')
    expect(html).not.toContain('onclick')
    expect(html).toContain(`href="${url}/stats"`)
  })

  test('loads nothing from elsewhere, and runs no script but its own', async () => {
    const answer = await app.inject('/')
    expect(answer.body).not.toMatch(/\b(src|@import|url\()/)
    expect(answer.body.match(/<link /g)).toHaveLength(1)
    const policy = String(answer.headers['content-security-policy'])
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-/)
    expect(policy).not.toContain('unsafe')
  })
})

describe('/api/stats', () => {
  test('gathers the figures of the services that answer', async () => {
    const answer = await app.inject('/api/stats')
    expect(answer.json()).toEqual(
      patternNames.map((name) => ({ name, stats: name === 'cache-aside' ? figures : null })),
    )
  })
})

describe('what the dashboard does not serve', () => {
  test('is a problem, as in the services', async () => {
    for (const [method, path, status, code] of [
      ['GET', '/nope', 404, 'NOT_FOUND'],
      ['GET', '/%zz', 400, 'BAD_URL'],
      ['POST', '/', 405, 'METHOD_NOT_ALLOWED'],
    ] as const) {
      const answer = await app.inject({ method, url: path })
      expect(answer.headers['content-type']).toBe('application/problem+json')
      expect(answer.json()).toMatchObject({ status, code })
      expect(answer.statusCode).toBe(status)
    }
  })
})
