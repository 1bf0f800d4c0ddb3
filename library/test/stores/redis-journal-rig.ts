import type { DirtyEntry, EnqueueRequest, JournalLimits } from 'caching-patterns'
import { createClient } from 'redis'
import { expect, onTestFinished } from 'vitest'
import { RedisJournal, type RedisJournalParts } from '../../src/stores/redis/journal/journal.ts'
import { Partitions } from '../../src/stores/redis/journal/partitions.ts'
import type { ScriptRunner } from '../../src/stores/redis/script.ts'

export const prefix = 'app:users:1:'
export const farAway = 9_999_999_999_999
export const clean = {
  ttlMs: 60_000,
  softTtlMs: 60_000,
  graceMs: 0,
  negativeTtlMs: 60_000,
  dueAt: farAway,
}
const ample: JournalLimits = { maxKeys: 100_000, maxBytes: 64 * 1024 * 1024 }

export type Client = Awaited<ReturnType<typeof connected>>

/** A client that is closed after the test. */
export async function connected(url: string, options: object = {}) {
  const client = createClient({ url, commandOptions: { timeout: undefined }, ...options } as {
    url: string
  })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.destroy())
  return client
}

/** Scripts as they are, without anything that a store knows of its server. */
export function runnerOn(client: Client, now: () => number = Date.now): ScriptRunner {
  const run: ScriptRunner['run'] = (script, keys, args) =>
    client.sendCommand(['EVAL', script.lua, String(keys.length), ...keys, ...args])
  return {
    now,
    run,
    runTogether: (calls) => Promise.all(calls.map((call) => run(...call))),
    mGet: (keys) => client.mGet([...keys]),
  }
}

/** Says at each look that five seconds have passed: long enough to count again who flushes. */
export function impatient(): () => number {
  let looks = 0
  return () => Date.now() + 5_000 * ++looks
}

let stores = 0

/** The journal of a process with a client of its own. */
export function journalOn(
  runner: ScriptRunner,
  options: Partial<RedisJournalParts> & { readonly count?: number } = {},
) {
  stores += 1
  const { count = 8, ...others } = options
  const journal = new RedisJournal(runner, {
    partitions: new Partitions(prefix, count),
    limits: ample,
    token: `store-${stores}`,
    ...others,
  })
  return Object.assign(journal, {
    /** An accepted write; its version. */
    async accepted(rest: string, request: Partial<EnqueueRequest> = {}): Promise<number> {
      const result = await journal.enqueue(prefix + rest, writeOf('1', request))
      expect(result.outcome).toBe('accepted')
      return 'version' in result ? result.version : 0
    },
    /** Takes what it may, and claims of that. */
    async claimed(limit = 10_000, dueBy = farAway): Promise<readonly DirtyEntry[]> {
      const { held } = await journal.own(dueBy)
      return this.claimedIn(held, limit, dueBy)
    },
    /** Of some partitions, in no order. */
    async claimedIn(partitions: readonly number[], limit = 10_000, dueBy = farAway) {
      return journal.read(await journal.claim(limit, dueBy, { partitions }))
    },
    /** How many became clean. */
    async acked(...args: Parameters<typeof journal.ack>): Promise<number> {
      return (await journal.ack(...args)).cleaned
    },
    /** The rests of all that this store is given. */
    async given(limit = 10_000): Promise<string[]> {
      return restsOf(await this.claimed(limit)).sort()
    },
  })
}

export function writeOf(json: string | null, request: Partial<EnqueueRequest> = {}) {
  return { json, precondition: 'any', delayMs: 0, deadlineAt: farAway, ...request } as const
}

export function restsOf(entries: readonly DirtyEntry[]): string[] {
  return entries.map(({ key }) => key.slice(prefix.length))
}

/** Names of as many keys. */
export function names(count: number, start = ''): string[] {
  return Array.from({ length: count }, (_, i) => `${start}${String(i).padStart(3, '0')}`)
}

/** Where a key lies, among as many partitions. */
export function placeOf(rest: string, count = 8) {
  return new Partitions(prefix, count).place(prefix + rest)
}

/** The keys that Redis holds and that contain a text. */
export async function keysWith(client: Client, text: string): Promise<string[]> {
  return (await client.keys('*')).filter((key) => key.includes(text)).sort()
}
