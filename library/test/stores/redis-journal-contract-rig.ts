import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Journal, JournalingStore } from 'caching-patterns'
import { redisStore } from 'caching-patterns/redis'
import { journalContract, type SuiteOptions, storeContract } from 'caching-patterns/testing'
import { describeContract } from './redis-rig.ts'

/** Their limits are those of the whole journal: with a share for each partition they are reached elsewhere. */
export const onePartitionOnly = [
  'enqueue: past the limit of keys it is refused, and changes nothing',
  'enqueue: past the limit of bytes it is refused, and changes nothing',
  'enqueue: bytes are those of the last write of each key',
  'enqueue: what was flushed makes room',
  'enqueue: a write that may exceed the limit of keys is let in, within bounds',
  'enqueue: a write that may exceed the limit of bytes is let in, within bounds',
  'retry: where the journal is full the letter stays',
]

type Client = Parameters<typeof redisStore>[0]['client']

/** Both contracts, on keys of a journal. Each test has a store and keys of its own, so that all run at once. */
export function describeContracts(name: string, partitions: number, clientOf: () => Client): void {
  const harness: SuiteOptions<JournalingStore> = {
    async create() {
      const prefix = `test-${randomBytes(6).toString('hex')}:`
      const store = prefixed(redisStore({ client: clientOf(), partitions }), prefix)
      return { store, advance: (ms) => wait(ms), close: async () => {} }
    },
  }
  const journaled: typeof harness = {
    async create() {
      const made = await harness.create()
      made.store.journal('contract:', { maxKeys: 1_000, maxBytes: 1_000_000 })
      return made
    },
  }
  const cases = journalContract(harness)
  const applicable =
    partitions === 1 ? cases : cases.filter(({ title }) => !onePartitionOnly.includes(title))
  describeContract(`${name}: the contract of journals`, applicable)
  describeContract(
    `${name}: the contract of stores, on keys of a journal`,
    storeContract(journaled),
  )
}

/** The same store with `prefix` before every key. */
function prefixed(store: JournalingStore, prefix: string): JournalingStore {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (first: string | string[] | undefined, ...rest: unknown[]) => {
        const given = Array.isArray(first) ? first.map((key) => prefix + key) : prefix + first
        const answer = member.call(target, given, ...rest)
        return name === 'journal' ? prefixedJournal(answer, prefix) : answer
      }
    },
  })
}

function prefixedJournal(journal: Journal, prefix: string): Journal {
  const prefixedItem = <T extends { readonly key: string }>(item: T): T => ({
    ...item,
    key: prefix + item.key,
  })
  const without = <T extends { readonly key: string }>(item: T): T => ({
    ...item,
    key: item.key.slice(prefix.length),
  })
  return {
    name: journal.name,
    partitions: journal.partitions,
    enqueue: (key, request) => journal.enqueue(prefix + key, request),
    own: (dueBy) => journal.own(dueBy),
    claim: async (limit, dueBy, { except = new Set(), ...scope }) => {
      const own = new Set([...except].map((key) => prefix + key))
      return (await journal.claim(limit, dueBy, { ...scope, except: own })).map(without)
    },
    read: async (keys) => (await journal.read(keys.map(prefixedItem))).map(without),
    dirtyIn: async (partition) => (await journal.dirtyIn(partition)).map(without),
    nextDueAt: () => journal.nextDueAt(),
    hurry: (key) => journal.hurry(key === undefined ? undefined : prefix + key),
    async ack(flushed, next) {
      const { cleaned, freed } = await journal.ack(flushed.map(prefixedItem), next)
      return { cleaned, freed: freed.map(without) }
    },
    restamp: (key, version, theirs) => journal.restamp(prefix + key, version, theirs),
    progress: (key, version) => journal.progress(prefix + key, version),
    quarantine: (letter) => journal.quarantine(prefixedItem(letter)),
    deadLetters: async () => (await journal.deadLetters()).map(without),
    async deadLetter(key) {
      const letter = await journal.deadLetter(prefix + key)
      return letter && without(letter)
    },
    retry: (key, request) => journal.retry(prefix + key, request),
    discard: (key, version) => journal.discard(prefix + key, version),
    reserve: (value, holder, terms) => journal.reserve(prefix + value, holder, terms),
    unreserve: (value, holder, stamp) => journal.unreserve(prefix + value, holder, stamp),
    release: (partitions) => journal.release(partitions),
    figures: () => journal.figures(),
  }
}
