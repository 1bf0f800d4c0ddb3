import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnvironment } from '../environment.ts'
import { buildApp } from '../http/app.ts'
import { type Wiring, wire } from '../wiring.ts'
import { start } from '../write-behind/main.ts'
import { send } from './http/client.ts'
import { expectProblem } from './http/expectations.ts'

let dataDir: string
let wiring: Wiring
let app: FastifyInstance
let url: string
let drafts = 0

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'caching-patterns-'))
  // Nothing is flushed unless somebody asks for it.
  wiring = wire(readEnvironment({ DATA_DIR: dataDir, SEED_USERS: '5', WRITE_DELAY: '1h' }))
  const { open, close } = wiring
  const bounded: Wiring = {
    open: async (pattern) => ({
      ...(await open(pattern)),
      journalBounds: { maxDirtyBytes: 2_000 },
    }),
    close,
  }
  app = await buildApp(await start(bounded), { admin: { isLoopback: true } })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await app?.close()
  await wiring?.close()
  await rm(dataDir, { recursive: true, force: true })
})

const draft = () => {
  drafts += 1
  return { name: 'Ada', email: `ada.${drafts}@example.com` }
}
const create = () => send(url, 'POST', '/users', { body: draft() })

test('write-behind takes no more than its bounds allow: 429, and a time to come back', async () => {
  const first = await create()
  let last = first
  for (let request = 0; request < 20 && last.status === 201; request += 1) last = await create()
  expectProblem(last, 'JOURNAL_FULL')
  expectProblem(await send(url, 'PUT', '/users/1', { body: draft() }), 'JOURNAL_FULL')
  expectProblem(await send(url, 'DELETE', '/users/2'), 'JOURNAL_FULL')
  // What is dirty already takes no room of its own.
  const path = first.headers.get('location') ?? ''
  expect((await send(url, 'PUT', path, { body: draft() })).status).toBe(200)
  expect((await send(url, 'GET', '/users/1')).status).toBe(200)
})

test('write-behind takes writes again when there is room', async () => {
  expect((await send(url, 'POST', '/admin/flush')).status).toBe(204)
  expect((await create()).status).toBe(201)
})
