import { setTimeout as delay } from 'node:timers/promises'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnvironment } from '../../environment.ts'
import { type PatternName, patternNames } from '../../http/port.ts'
import { type Running, serve } from '../../serve.ts'
import { type Course, note, surprises } from './judging.ts'
import { outages, type ServerName } from './outages.ts'
import { type Servers, startServers } from './servers.ts'
import { expectNoSurprises } from './stalls.ts'
import { type Row, table } from './table.ts'
import { Visitor, visit } from './visitors.ts'

const outageMs = 1_200
/** What is not well by then is broken, not late. */
const patienceMs = 15_000

/** The rows of the table for one server, on servers and services of their own: one life, in the order of the table. */
export function describeOutages(server: ServerName): void {
  describeWith(['redis', 'postgres'], `services, when ${nameOf[server]}`, () => {
    let servers: Servers
    let running: Running
    let visitors: readonly Visitor[]
    const strays: string[] = []
    const onRejection = (reason: unknown) => strays.push(`unhandled rejection: ${reason}`)
    const onWarning = ({ name, message }: Error) => {
      if (name === 'MaxListenersExceededWarning') strays.push(message)
    }

    beforeAll(async () => {
      process.on('unhandledRejection', onRejection)
      process.on('warning', onWarning)
      servers = await startServers()
      const settings = { PORT: '0', SEED_USERS: '2000', WRITE_DELAY: '100ms', LOG_LEVEL: 'silent' }
      running = serve(patternNames, readEnvironment({ ...settings, ...servers.environment }))
      const services = await running.ready
      visitors = services.map(({ name, url }) => new Visitor(name as PatternName, url))
    })
    afterAll(async () => {
      await running?.close()
      await servers?.stop()
      process.off('unhandledRejection', onRejection)
      process.off('warning', onWarning)
    })

    test.each(table.filter((row) => row.server === server))(
      '$outage: they answer by the table, and are back within 5 s',
      (row) =>
        expectNoSurprises(async (stalledMs) => {
          await untilWell(visitors)
          const lost = await deadLetters(visitors)
          const course = await endure(row, servers, visitors)
          await note(row, course, stalledMs())
          expect(course.wrong).toEqual([])
          expect(await deadLetters(visitors), 'dead letters').toBe(lost)
          expect(strays).toEqual([])
          return surprises(row, course)
        }),
      90_000,
    )
  })
}

const nameOf = { redis: 'Redis', postgres: 'PostgreSQL' } as const

/** One outage under traffic, and the time after it until all is well. */
async function endure(
  { server, outage, readsPerSecond }: Row,
  servers: Servers,
  visitors: readonly Visitor[],
): Promise<Course> {
  for (const { answers } of visitors) answers.length = 0
  const end = await outages[server][outage](servers)
  try {
    const traffic = { forMs: outageMs, readsPerSecond: readsPerSecond / visitors.length }
    await Promise.all(visitors.map((visitor) => visit(visitor, traffic)))
  } finally {
    await end()
  }
  const endedAt = performance.now()
  const answers = visitors.flatMap((visitor) => visitor.answers.splice(0))
  await untilWell(visitors)
  const backMs = performance.now() - endedAt
  await Promise.all(visitors.map((visitor) => visitor.readRow()))
  const wrong = [...answers, ...visitors.flatMap((visitor) => visitor.answers)].filter(
    (answer) => answer.wrong !== undefined,
  )
  return { answers, wrong, backMs }
}

/** Each hits, loads and fills, writes and tells the cache so, and then has nothing left to flush. */
async function untilWell(visitors: readonly Visitor[]): Promise<void> {
  const giveUpAt = performance.now() + patienceMs
  const until = async (look: () => Promise<object>, well: object) => {
    for (;;) {
      const found = await look()
      if (JSON.stringify(found) === JSON.stringify(well)) return
      if (performance.now() > giveUpAt) expect(found, `${patienceMs} ms later`).toEqual(well)
      await delay(50)
    }
  }
  await Promise.all(
    visitors.map(async (visitor) => {
      const { pattern } = visitor
      const writes = pattern === 'write-behind' ? 'accepted' : 'confirmed'
      const outcomes = { update: writes, create: writes, cold: 'miss', cached: 'hit' }
      await until(() => outcomesOf(visitor), { pattern, ...outcomes })
      await until(() => journalOf(visitor), { pattern, dirty: 0 })
    }),
  )
}

async function outcomesOf(visitor: Visitor) {
  const update = (await visitor.update()).outcome
  const create = (await visitor.create()).outcome
  const cold = (await visitor.readCold()).outcome
  const reads = await Promise.all(Array.from({ length: 20 }, (_, i) => visitor.readCached(i)))
  const cached = reads.find(({ outcome }) => outcome !== 'hit')?.outcome ?? 'hit'
  return { pattern: visitor.pattern, update, create, cold, cached }
}

async function journalOf(visitor: Visitor) {
  return { pattern: visitor.pattern, dirty: (await visitor.stats()).journal?.dirty ?? 0 }
}

async function deadLetters(visitors: readonly Visitor[]): Promise<number> {
  const stats = await Promise.all(visitors.map((visitor) => visitor.stats()))
  return stats.reduce((sum, { journal }) => sum + (journal?.deadLetters ?? 0), 0)
}
