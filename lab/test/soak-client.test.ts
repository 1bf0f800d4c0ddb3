import { afterEach, describe, expect, test } from 'vitest'
import { Client } from '../soak/client.ts'
import { exchange } from '../soak/exchange.ts'
import { disagreements, type Figures } from '../soak/figures.ts'
import { Findings } from '../soak/findings.ts'
import { Ledger } from '../soak/ledger.ts'
import { zipfPopularity } from '../soak/popularity.ts'
import { Tally } from '../soak/tally.ts'
import { type Intent, shares } from '../soak/traffic.ts'
import { FakeWorld, type Faults, fakeSubject } from './soak-fake-service.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const users = 50

/** A client of two fake processes that does what it is told. */
async function clientOf(faults: Faults = {}, { knowsEmails = true } = {}) {
  const world = new FakeWorld(users, faults)
  const findings = new Findings()
  const ledger = new Ledger({ run: 'k3x', users, isMonotonic: false })
  const endpoints = await Promise.all(
    ['process 1', 'process 2'].map(async (name) => {
      const subject = await fakeSubject(world, name)
      const connection = exchange(subject.url, 4, 1_000)
      closers.push(() => subject.stop(), connection.close)
      return { name, url: subject.url, exchange: connection, tally: new Tally() }
    }),
  )
  let told = 0
  const client = new Client({
    index: 0,
    endpoints,
    books: { ledger, findings, check: 'consistency' },
    popularity: zipfPopularity(users, 1, 1),
    random: () => told,
    acknowledgements: ['confirmed'],
    knowsEmails,
  })
  const figures = () =>
    Promise.all(
      endpoints.map(async ({ url }) => (await (await fetch(`${url}/stats`)).json()) as Figures),
    )
  return {
    endpoints,
    findings,
    figures,
    async does(...intents: Intent[]) {
      for (const intent of intents) {
        told = placeOf(intent)
        let asked = 0
        // Once before the intent, and once before the read that follows a write.
        await client.run(() => asked++ > 1)
      }
    },
  }
}

/** A number that the wheel of intents turns into this one. */
function placeOf(intent: Intent): number {
  const names = Object.keys(shares) as Intent[]
  const before = names.slice(0, names.indexOf(intent)).reduce((sum, name) => sum + shares[name], 0)
  return (before + shares[intent] / 2) / 1_000
}

const statusesOf = ({ endpoints }: Awaited<ReturnType<typeof clientOf>>) =>
  endpoints
    .flatMap(({ tally }) =>
      Object.entries(tally.statuses).flatMap(([method, times]) =>
        Object.entries(times).map(([status, n]) => `${n} ${method} ${status}`),
      ),
    )
    .sort()

const texts = (findings: Findings) => findings.all.flatMap((f) => f.examples.map((e) => e.text))

describe('a client', () => {
  test.each([
    ['read-popular', '1 GET 200'],
    ['read-own', '1 GET 200'],
    ['read-deleted', '1 GET 404'],
    ['read-created', '1 GET 200'],
    ['read-unchanged', '1 GET 304'],
    ['read-changed', '1 GET 200'],
    ['read-never-there', '1 GET 404'],
    ['read-not-yet-there', '1 GET 404'],
    ['update', '1 PUT 200'],
    ['update-popular', '1 PUT 200'],
    ['update-unless-tag', '1 PUT 200'],
    ['create', '1 POST 201'],
    ['delete', '1 DELETE 204'],
    ['update-other-version', '1 PUT 412'],
    ['update-unwanted-tag', '1 PUT 412'],
    ['update-never-there', '1 PUT 404'],
    ['create-taken-email', '1 POST 409'],
    ['delete-again', '1 DELETE 404'],
  ] as [Intent, string][])('that means to %s is answered as it expects', async (intent, status) => {
    const client = await clientOf()
    await client.does('create', 'create', 'delete', 'create', 'update', 'update')
    for (const { tally } of client.endpoints) {
      for (const times of Object.values(tally.statuses)) {
        for (const name of Object.keys(times)) delete times[name]
      }
    }
    await client.does(intent)
    expect(statusesOf(client).find((each) => each === status)).toBe(status)
    expect(texts(client.findings)).toEqual([])
  })

  test('counts what the processes count', async () => {
    const client = await clientOf()
    const before = await client.figures()
    const intents = Object.keys(shares) as Intent[]
    await client.does('create', 'update', ...intents, ...intents, ...intents)
    const after = await client.figures()
    for (const [index, { tally }] of client.endpoints.entries()) {
      expect(tally.writes).toBeGreaterThan(5)
      expect(disagreements(tally, before[index] as Figures, after[index] as Figures)).toEqual([])
    }
    expect(client.endpoints.reduce((sum, { tally }) => sum + tally.hiddenReads, 0)).toBe(6)
  })

  test('reads what it wrote from the other process', async () => {
    const client = await clientOf()
    await client.does('update')
    expect(statusesOf(client)).toEqual(['1 GET 200', '1 PUT 200'])
    const [first, second] = client.endpoints
    expect([first?.tally.statuses.PUT, second?.tally.statuses.GET]).toEqual([
      { 200: 1 },
      { 200: 1 },
    ])
  })

  test('finds a refused write that was written all the same', async () => {
    const client = await clientOf({ writesRefused: true })
    await client.does('create', 'update', 'update-other-version')
    expect(texts(client.findings).join()).toMatch(/refused.*, which nobody wrote to it/)
  })

  test('finds an answer that nothing has changed since a write that was overwritten', async () => {
    const client = await clientOf({ neverChanges: true })
    await client.does('create', 'update', 'update', 'read-unchanged')
    expect(texts(client.findings)).toEqual([])
    await client.does('read-changed')
    expect(texts(client.findings).join()).toMatch(/shows write 2 after write 3 was acknowledged/)
  })

  test('provokes nothing with what it wrote before a write of unknown outcome', async () => {
    // Requests: a create, an update, each with its read, and then the update that is not answered.
    const client = await clientOf({ failsOnce: { after: 4, how: 'cut' } })
    await client.does('create', 'update', 'update', 'create-taken-email', 'update-unwanted-tag')
    expect(texts(client.findings)).toEqual(['PUT /users/{id} of process 1: ECONNRESET'])
    expect(statusesOf(client).join()).not.toMatch(/409|412/)
  })

  test('sends no taken email where it is refused later, and elsewhere', async () => {
    const client = await clientOf({}, { knowsEmails: false })
    await client.does('create', 'update', 'create-taken-email')
    expect(statusesOf(client).filter((each) => each.includes('POST'))).toEqual(['1 POST 201'])
    expect(texts(client.findings)).toEqual([])
  })
})
