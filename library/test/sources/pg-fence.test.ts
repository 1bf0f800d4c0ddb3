import { describeWith } from '@caching-patterns/local-servers/vitest'
import { type FlushOutcome, outcomeUnknown } from 'caching-patterns'
import type { SqlDriver } from 'caching-patterns/postgres'
import { slowSource } from 'caching-patterns/testing'
import pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { intercepted } from '../../src/testing/fakes/intercepted.ts'
import { randomOf } from '../patterns/seeded-random.ts'
import { type Items, openJournal, openTable } from './fence-rig.ts'

/** A source of a process that goes on at its epoch, whatever has happened. */
function neverRaisedAgain(source: Items): Items {
  let epochs: readonly number[] | undefined
  return intercepted(
    source,
    (method) => method === 'raiseEpochs',
    async (call) => {
      epochs ??= (await call.execute()) as readonly number[]
      return epochs
    },
  )
}

const gaveUp = () => outcomeUnknown(new Error('nobody waits any longer'))

describeWith(['postgres', 'redis'], 'a statement of an owner before', () => {
  test('changes nothing after another has taken the partition, and deleted the row', async () => {
    const { source, rows } = await openTable()
    const { processOver, disown } = await openJournal()
    const { source: frozen, held } = slowSource(source, ['flush'])
    const a = await processOver(frozen)
    await a.cache.put('k', { name: 'zombie' })
    const late = await held.next('flush')

    await disown()
    const b = await processOver(source)
    expect(await b.cache.delete('k')).toMatchObject({ existed: true })
    await b.cache.flush()
    expect((await b.cache.stats()).journal).toMatchObject({ dirty: 0, fenced: 0 })

    await late.answer()
    await vi.waitFor(() => {
      expect(a.events).toContainEqual({ type: 'fenced', cache: 'items', rows: 1 })
    })
    expect((await a.cache.stats()).journal).toMatchObject({ fenced: 1, flushed: 0 })
    expect(await rows()).toEqual(new Map())
    await held.open()
  })

  test('takes nothing from what the new owner flushes, and the old one goes on with its own', async () => {
    const { source, rows } = await openTable()
    const { processOver, disown } = await openJournal()
    const { source: frozen, held } = slowSource(source, ['flush'])
    const a = await processOver(frozen)
    await a.cache.put('k', { name: 'zombie' })
    const late = await held.next('flush')
    await disown()
    const b = await processOver(source)
    const { version } = await b.cache.put('k', { name: 'newer' })
    await b.cache.flush()
    await held.open()
    await late.answer()
    for (let i = 0; i < 20; i += 1) await a.cache.put(`k${i}`, { name: 'more' })
    await Promise.all([a.cache.flush(), b.cache.flush()])
    const found = await rows()
    expect(found.get('k')).toEqual({ name: 'newer', version: String(version) })
    expect(found.size).toBe(21)
  })
})

describeWith(['postgres', 'redis'], 'a statement that its own process gave up on', () => {
  for (const isRaised of [true, false]) {
    const title = isRaised
      ? 'changes nothing, when it is executed after a newer delete'
      : 'would bring back a deleted row, if the process went on at the same epoch'
    test(title, async () => {
      const { source, rows } = await openTable()
      const { processOver } = await openJournal()
      const { source: slow, held } = slowSource(isRaised ? source : neverRaisedAgain(source), [
        'flush',
      ])
      const { cache } = await processOver(slow)
      await cache.put('k', { name: 'zombie' })
      const late = await held.next('flush')
      await cache.delete('k')
      late.fail(gaveUp())
      await (await held.next('flush')).answer()
      await held.open()
      await cache.flush()
      expect(await rows()).toEqual(new Map())

      await late.execute()
      expect([...(await rows()).keys()]).toEqual(isRaised ? [] : ['k'])
    })
  }

  /** The driver of a process whose next flush goes over a line of its own, and is given up after `ms`. */
  async function zombieOver(over: (client: pg.Client) => Promise<void>, ms: number) {
    let line: pg.Client | undefined
    let late: Promise<unknown> | undefined
    const table = await openTable((driver) =>
      intercepted(
        driver,
        (method) => method === 'write',
        async (call) => {
          const [text, parameters] = call.args as Parameters<SqlDriver['write']>
          if (line === undefined || !text.includes('with fence')) return call.execute()
          late = line.query(text, [...(parameters ?? [])])
          line = undefined
          await new Promise((resolve) => setTimeout(resolve, ms))
          throw gaveUp()
        },
      ),
    )
    const client = new pg.Client(table.url)
    await client.connect()
    onTestFinished(() => client.end())
    await client.query('set statement_timeout = 0')
    await over(client)
    line = client
    return { ...table, late: () => late as Promise<pg.QueryResult> }
  }

  test('is refused by its epoch, when its backend had been stopped', async () => {
    let pid = 0
    const { source, rows, late } = await zombieOver(async (client) => {
      pid =
        (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0
      process.kill(pid, 'SIGSTOP')
      onTestFinished(() => void process.kill(pid, 'SIGCONT'))
    }, 50)
    const { processOver } = await openJournal()
    const { cache } = await processOver(source)
    await cache.put('k', { name: 'zombie' })
    await vi.waitFor(() => expect(late()).toBeDefined())
    await cache.delete('k')
    await cache.flush()
    expect((await cache.stats()).journal).toMatchObject({ dirty: 0, retries: 1 })

    process.kill(pid, 'SIGCONT')
    expect((await late()).rows).toMatchObject([{ mine: '', is_in_time: true }])
    expect(await rows()).toEqual(new Map())
  })

  test('is waited for, when it has begun and waits for a lock', { timeout: 20_000 }, async () => {
    const { source, rows, late, url } = await zombieOver(async () => {}, 50)
    const { processOver } = await openJournal()
    const { cache } = await processOver(source)
    await cache.flush()
    const locker = new pg.Client(url)
    await locker.connect()
    onTestFinished(() => locker.end())
    await locker.query(`insert into app.items values ('k', 'before', 1)`)
    await locker.query(`begin; select * from app.items for update`)
    await cache.put('k', { name: 'zombie' })
    await vi.waitFor(() => expect(late()).toBeDefined())
    await cache.delete('k')
    const flushing = cache.flush()
    await vi.waitFor(async () => {
      // the raise has its place in the row's queue, behind the statement that holds it
      const waiting = `select 1 from pg_locks
        where locktype = 'tuple' and relation = 'app.cache_epochs'::regclass`
      expect((await locker.query(waiting)).rows).toHaveLength(1)
    })
    await locker.query('commit')
    expect((await late()).rows).toMatchObject([{ mine: '2', left_out: null }])
    await flushing
    expect(await rows()).toEqual(new Map())
  })
})

describeWith(['postgres', 'redis'], 'two processes whose ownership ends at any time', () => {
  describe('with statements that are given up, and executed late', () => {
    test('leave in PostgreSQL the last accepted version of each row', {
      timeout: 60_000,
    }, async () => {
      const { source, rows } = await openTable()
      const { processOver, disown } = await openJournal()
      const chance = randomOf(20_250_805)
      const late: Promise<readonly FlushOutcome[]>[] = []
      const unreliable = (of: Items): Items =>
        intercepted(
          of,
          (method) => method === 'flush',
          async (call) => {
            const isGivenUp = chance() < 0.2
            const delayMs = chance() * (isGivenUp ? 300 : 20)
            const executed = new Promise((resolve) => setTimeout(resolve, delayMs)).then(
              () => call.execute() as Promise<readonly FlushOutcome[]>,
            )
            if (!isGivenUp) return executed
            late.push(executed)
            executed.catch(() => {})
            throw gaveUp()
          },
        )
      const a = await processOver(unreliable(source))
      const b = await processOver(unreliable(source))
      const accepted = new Map<string, { name: string | undefined; version: number }>()
      const keep = (key: string, name: string | undefined, version: number) => {
        if (version > (accepted.get(key)?.version ?? 0)) accepted.set(key, { name, version })
      }
      for (let round = 0; round < 100; round += 1) {
        await Promise.all(
          Array.from({ length: 30 }, async () => {
            const { cache } = chance() < 0.5 ? a : b
            const key = `k${Math.floor(chance() * 40)}`
            const name = `${round}`
            if (chance() < 0.6) keep(key, name, (await cache.put(key, { name })).version)
            else {
              const { existed, version } = await cache.delete(key)
              if (existed) keep(key, undefined, version)
            }
          }),
        )
        if (chance() < 0.2) await disown()
      }
      await Promise.all([a.cache.flush(), b.cache.flush()])
      const outcomes = (await Promise.allSettled(late)).flatMap((each) =>
        each.status === 'fulfilled' ? each.value : [],
      )
      expect(outcomes.filter(({ outcome }) => outcome === 'fenced').length).toBeGreaterThan(0)

      const found = await rows()
      for (const [key, { name, version }] of accepted) {
        const row = name === undefined ? undefined : { name, version: String(version) }
        expect([key, found.get(key)]).toEqual([key, row])
      }
      expect((await a.cache.stats()).journal).toMatchObject({ dirty: 0, lost: 0, deadLetters: 0 })
    })
  })
})
