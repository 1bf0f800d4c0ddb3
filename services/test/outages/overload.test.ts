import { setTimeout as delay } from 'node:timers/promises'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readEnvironment } from '../../environment.ts'
import { type PatternName, patternNames } from '../../http/port.ts'
import { type Running, serve } from '../../serve.ts'
import { outages } from './outages.ts'
import { type Servers, startServers } from './servers.ts'
import { expectNoSurprises } from './stalls.ts'
import { type Answer, Visitor } from './visitors.ts'

// The servers are real, and so is the time that they are given.
vi.setConfig({ testTimeout: 90_000 })

const answeredWithinMs = 2_300
const refusals = ['503 LOAD_OVERLOADED', '503 LOAD_TIMEOUT', '503 SOURCE_UNAVAILABLE']
const loaded = ['miss', 'bypass', 'bypass stale']

describeWith(['redis', 'postgres'], 'services with more loads than PostgreSQL can take', () => {
  let servers: Servers
  let running: Running
  let visitors: readonly Visitor[]

  beforeAll(async () => {
    servers = await startServers()
    const settings = { PORT: '0', SEED_USERS: '2000', LOG_LEVEL: 'silent' }
    running = serve(patternNames, readEnvironment({ ...settings, ...servers.environment }))
    const services = await running.ready
    visitors = services.map(({ name, url }) => new Visitor(name as PatternName, url))
  })
  afterAll(async () => {
    await running?.close()
    await servers?.stop()
  })

  test('load what they can, refuse the rest in time, and serve hits meanwhile', () =>
    expectNoSurprises(async () => {
      const { cold, found } = await burstDuring('answers 500 ms later', 60)
      const outcomes = cold.map(({ outcome }) => outcome)
      if (!outcomes.some((each) => loaded.includes(each))) found.push('nothing was loaded')
      if (!outcomes.some((each) => refusals.includes(each))) found.push('nothing was refused')
      const strange = outcomes.filter((each) => ![...loaded, ...refusals].includes(each))
      return [...found, ...strange]
    }))

  test('answer all who wait for a PostgreSQL that never does, within the deadline of a load', () =>
    expectNoSurprises(async () => {
      const { cold, found } = await burstDuring('is behind a black hole', 100)
      const strange = cold.flatMap(({ outcome }) => (refusals.includes(outcome) ? [] : [outcome]))
      return [...found, ...strange]
    }))

  /** Asks all services for so many users each that nobody has asked for; and what is wrong whatever the outage is. */
  async function burstDuring(
    outage: 'answers 500 ms later' | 'is behind a black hole',
    count: number,
  ) {
    await Promise.all(visitors.map(untilCached))
    const end = await outages.postgres[outage](servers)
    const all = await Promise.all(visitors.map((visitor) => burst(visitor, count))).finally(end)
    const cold = all.flatMap((each) => each.cold)
    const cached = all.flatMap((each) => each.cached)
    const late = [...cold, ...cached].filter(({ ms }) => ms > answeredWithinMs)
    const missed = cached.filter(({ outcome }) => outcome !== 'hit')
    const wrong = [...cold, ...cached].flatMap((each) => each.wrong ?? [])
    expect(wrong).toEqual([])
    const found = [
      ...late.map(({ pattern, ms }) => `${pattern}: answered after ${Math.round(ms)} ms`),
      ...missed.map(({ pattern, outcome }) => `${pattern}: no hit, but ${outcome}`),
    ]
    return { cold, found }
  }
})

/** Two cold users at a time, since loads of one turn of the event loop become one statement, and a cached one. */
async function burst(visitor: Visitor, count: number) {
  const cold: Promise<Answer>[] = []
  const cached: Promise<Answer>[] = []
  while (cold.length < count) {
    for (let n = 0; n < 2; n += 1) cold.push(visitor.readCold())
    cached.push(visitor.readCached(cold.length))
    await delay(30)
  }
  return { cold: await Promise.all(cold), cached: await Promise.all(cached) }
}

function untilCached(visitor: Visitor): Promise<unknown> {
  const outcomes = async () => {
    const reads = Array.from({ length: 20 }, (_, index) => visitor.readCached(index))
    return new Set((await Promise.all(reads)).map(({ outcome }) => outcome))
  }
  return expect.poll(outcomes, { timeout: 10_000 }).toEqual(new Set(['hit']))
}
