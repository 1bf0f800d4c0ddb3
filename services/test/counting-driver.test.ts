import type { SqlDriver } from 'caching-patterns/postgres'
import { expect, test } from 'vitest'
import { countingDriver } from '../counting-driver.ts'

const fails = new Error('away')

/** Notes what it is given, and knows what time it is on the server. */
class NotingDriver implements SqlDriver {
  readonly name = 'postgres'
  readonly offsetMs = 5
  readonly given: unknown[] = []

  async query(...call: unknown[]) {
    this.given.push(call)
    return []
  }

  async write(...call: unknown[]): Promise<never> {
    this.given.push(call)
    throw fails
  }

  transaction<Result>(work: Parameters<SqlDriver['transaction']>[0], options?: object) {
    this.given.push(['transaction', options])
    const queries = {
      query: (...call: unknown[]) => this.query(...call),
      script: async (text: string) => void this.given.push([text]),
    }
    return work(queries as never) as Promise<Result>
  }

  toServerTime(instant: number) {
    return instant + this.offsetMs
  }
}

test('a counting driver counts statements, answered or not, and passes all on as it came', async () => {
  const noting = new NotingDriver()
  const driver = countingDriver(noting)
  expect([driver.name, driver.statements, driver.toServerTime?.(1)]).toEqual(['postgres', 0, 6])
  const options = { deadlineAt: 7 }
  await driver.query('select $1', ['a'], options)
  await expect(driver.write('update', ['b'], options)).rejects.toBe(fails)
  expect(driver.statements).toBe(2)
  const result = await driver.transaction(async (tx) => {
    await tx.script('lock table users')
    await tx.query('select 1')
    await tx.query('select $1', ['c'], options)
    return 'done'
  }, options)
  expect([result, driver.statements]).toEqual(['done', 4])
  expect(noting.given).toEqual([
    ...[
      ['select $1', ['a'], options],
      ['update', ['b'], options],
    ],
    ...[['transaction', options], ['lock table users'], ['select 1']],
    ['select $1', ['c'], options],
  ])
})

test('a counting driver has no time of a server where its driver has none', () => {
  const { name, query, write, transaction } = new NotingDriver()
  const driver = { name, query, write, transaction } as unknown as SqlDriver
  expect('toServerTime' in countingDriver(driver)).toBe(false)
})
