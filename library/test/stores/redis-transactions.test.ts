import { describeWith } from '@caching-patterns/local-servers/vitest'
import type { DirtyEntry } from 'caching-patterns'
import { redisStore } from 'caching-patterns/redis'
import { describe, expect, test } from 'vitest'
import { inTransaction } from '../../src/stores/redis/transaction.ts'
import { clean, farAway, names, prefix, writeOf } from './redis-journal-rig.ts'
import { open, start, undo } from './redis-own-server.ts'
import { connect } from './redis-rig.ts'

const limits = { maxKeys: 10_000, maxBytes: 64 * 1024 * 1024 }
const rests = names(40)

/** A journal with dirty entries in many partitions; a second client looks at the server. */
async function dirtyJournal(options: Parameters<typeof start>[0] = {}) {
  const server = await start(options)
  const { client, store } = await open(server)
  const { client: other } = await open(server)
  const journal = store.journal(prefix, limits)
  for (const rest of rests) await journal.enqueue(prefix + rest, writeOf('1'))
  const rows = async (): Promise<readonly DirtyEntry[]> => {
    const { held } = await journal.own(farAway)
    return journal.read(await journal.claim(1_000, farAway, { partitions: held }))
  }
  const calls = async (command: string) => {
    const stats = String(await other.info('commandstats'))
    return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0)
  }
  return { server, client, other, journal, rows, calls }
}

type Dirty = Awaited<ReturnType<typeof dirtyJournal>>

/** Its entries are acknowledged once `prepare` has done its mischief. */
async function ackedAfter(dirty: Dirty, prepare: () => unknown): Promise<void> {
  const { journal, rows } = dirty
  const claimed = await rows()
  expect(claimed).toHaveLength(rests.length)
  await prepare()
  expect((await journal.ack(claimed, clean)).cleaned).toBe(rests.length)
  expect(await journal.figures()).toMatchObject({ dirty: 0, bytes: 0 })
}

describeWith(['redis'], 'an acknowledgement of many partitions', () => {
  test('is one transaction', async () => {
    const dirty = await dirtyJournal()
    await ackedAfter(dirty, () => {})
    expect(await dirty.calls('exec')).toBe(1)
  })

  test('holds the server up for 500 rows or so at a time', async () => {
    const dirty = await dirtyJournal()
    const more = names(1_000, 'more')
    await Promise.all(more.map((rest) => dirty.journal.enqueue(prefix + rest, writeOf('1'))))
    const { cleaned } = await dirty.journal.ack(await dirty.rows(), clean)
    expect(cleaned).toBe(1_000)
    expect(await dirty.calls('exec')).toBe(2)
  })

  test('succeeds at maxmemory, where no transaction begins', async () => {
    const dirty = await dirtyJournal()
    await ackedAfter(dirty, async () => {
      await dirty.other.configSet('maxmemory', '1')
      await expect(dirty.other.set('any', 'thing')).rejects.toThrow('OOM')
    })
    expect(await dirty.calls('exec')).toBe(1)
  })

  test('succeeds on a server that has forgotten the scripts', async () => {
    const dirty = await dirtyJournal()
    await ackedAfter(dirty, () => dirty.other.sendCommand(['SCRIPT', 'FLUSH']))
    expect(await dirty.calls('eval')).toBeGreaterThan(rests.length / 4)
  })

  test('succeeds for a user who may not begin a transaction', async () => {
    const dirty = await dirtyJournal()
    await ackedAfter(dirty, () => dirty.other.sendCommand(['ACL', 'SETUSER', 'default', '-multi']))
  })

  test('succeeds for a user who may begin one, and not end it', async () => {
    const dirty = await dirtyJournal()
    await ackedAfter(dirty, () => dirty.other.sendCommand(['ACL', 'SETUSER', 'default', '-exec']))
  })

  test('succeeds while something of the connection is under WATCH', async () => {
    const dirty = await dirtyJournal()
    await ackedAfter(dirty, async () => {
      await dirty.client.sendCommand(['WATCH', 'k'])
      await dirty.other.set('k', 'v')
    })
  })

  test('rejects when the connection breaks before the answer, and may be told again', async () => {
    const dirty = await dirtyJournal()
    const { journal, rows, server } = dirty
    const claimed = await rows()
    server.pause()
    const told = journal.ack(claimed, clean)
    const outcome = expect(told).rejects.toThrow()
    dirty.client.destroy()
    await outcome
    server.resume()
    const client = await connect(server.url)
    undo.push(() => client.destroy())
    const again = redisStore({ client }).journal(prefix, limits)
    await again.ack(claimed, clean)
    expect(await again.figures()).toMatchObject({ dirty: 0, bytes: 0 })
  })

  test('rejects with what a script says', async () => {
    const dirty = await dirtyJournal()
    const claimed = await dirty.rows()
    // the index of one partition is none
    const index = (await dirty.other.keys('*dirty'))[0] as string
    await dirty.other.del(index)
    await dirty.other.set(index, 'x')
    await expect(dirty.journal.ack(claimed, clean)).rejects.toThrow('WRONGTYPE')
  })
})

describe('a transaction whose connection is replaced on its way', () => {
  test('was not executed as far as the first one had it; the rest was, each by itself', async () => {
    const said = (text: string) => Promise.reject(new Error(text))
    const replies = [
      () => Promise.resolve('OK'),
      () => Promise.resolve('QUEUED'),
      () => Promise.resolve(7),
      () => said('WRONGTYPE no'),
      () => said('ERR EXEC without MULTI'),
    ]
    const sent: (readonly string[])[] = []
    const send = (command: readonly string[]) => {
      sent.push(command)
      return replies[sent.length - 1]?.() as Promise<unknown>
    }
    const outcomes = await inTransaction(send, [['A'], ['B'], ['C']])
    expect(sent).toEqual([['MULTI'], ['A'], ['B'], ['C'], ['EXEC']])
    expect(outcomes).toEqual([
      { status: 'not-executed' },
      { status: 'fulfilled', value: 7 },
      { status: 'rejected', reason: new Error('WRONGTYPE no') },
    ])
  })
})
