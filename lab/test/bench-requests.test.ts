import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type Requests, requests } from '../bench/http/requests.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function subjectOf(listener: RequestListener, more: Partial<Requests> = {}) {
  const server = createServer(listener)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return requests({
    name: 'some',
    server: { url, cpuUs: () => 0, collectGarbage: () => undefined },
    paths: Array.from({ length: 50 }, (_, index) => `/users/${index}`),
    connections: 8,
    checkAnswer(path, { status }, body) {
      if (status !== 200 || body !== path) throw new Error(`${path} is wrong`)
    },
    ...more,
  })
}

describe('requests', () => {
  test('sends as many as it was told, so many at once, none twice at a time', async () => {
    const underWay = new Set<string>()
    let sent = 0
    let peak = 0
    let twice = 0
    let meet = () => {}
    // The first ones are answered when all connections have sent one.
    const met = new Promise<void>((resolve) => {
      meet = resolve
    })
    const subject = await subjectOf(async (request, response) => {
      const path = request.url ?? ''
      sent += 1
      if (underWay.has(path)) twice += 1
      underWay.add(path)
      peak = Math.max(peak, underWay.size)
      if (sent === 8) meet()
      await met
      underWay.delete(path)
      response.end(path)
    })
    const ms = await subject.run(333)
    expect([sent, twice, peak]).toEqual([333, 0, 8])
    expect(ms).toBeGreaterThan(0)
  })

  test('fails when an answer is none of success', async () => {
    let answered = 0
    const subject = await subjectOf((_, response) => {
      answered += 1
      response.writeHead(answered === 100 ? 503 : 200).end()
    })
    await expect(subject.run(200)).rejects.toThrow(
      'some: expected 200 answers 2xx, received 199, 1 others, 0 errors',
    )
  })

  test('looks at every answer when it checks', async () => {
    const asked = new Set<string>()
    const subject = await subjectOf((request, response) => {
      asked.add(request.url ?? '')
      response.end(request.url === '/users/49' ? 'else' : request.url)
    })
    await expect(subject.check()).rejects.toThrow('/users/49 is wrong')
    expect(asked.size).toBe(50)
  })

  test('sends what it is told to a path, and tells what the slowest took', async () => {
    const bodies: string[] = []
    const subject = await subjectOf(
      async (request, response) => {
        let text = request.method ?? ''
        for await (const chunk of request) text += chunk
        bodies.push(text)
        response.end(request.url)
      },
      { ask: (path) => ({ method: 'PUT', headers: {}, body: path }) },
    )
    await subject.run(100)
    expect(bodies).toHaveLength(100)
    expect(bodies.every((body) => /^PUT\/users\/\d+$/.test(body))).toBe(true)
    expect(subject.p99Ms?.()).toBeGreaterThanOrEqual(0)
  })

  test('takes a few refusals for time that was lost, where that is allowed', async () => {
    let answered = 0
    const refusing = async (refusedShare: number) => {
      answered = 0
      const subject = await subjectOf(
        (request, response) => {
          answered += 1
          response.statusCode = answered === 50 ? 503 : 200
          response.end(request.url)
        },
        { refusedShare },
      )
      return subject.run(100)
    }
    expect(await refusing(0.01)).toBeGreaterThan(0)
    await expect(refusing(0.005)).rejects.toThrow(/expected 100 answers 2xx, received 99/)
  })
})
