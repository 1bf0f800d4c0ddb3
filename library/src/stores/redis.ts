import { randomBytes } from 'node:crypto'
import type {
  Content,
  EntryStamp,
  LeaseState,
  NegativeEntry,
  PendingState,
  StoredState,
  ValueEntry,
  Version,
} from '../contract/entry.ts'
import { CacheError, InvalidArgumentError } from '../contract/errors.ts'
import type { Journal, JournalingStore, JournalLimits } from '../contract/journal.ts'
import type { EndResult } from '../contract/store.ts'
import { clearStep } from './redis/clearing.ts'
import type { RedisClient, RedisCluster } from './redis/client.ts'
import { contentArgs, msText, stateOf, versionText } from './redis/entries.ts'
import { RedisJournal } from './redis/journal/journal.ts'
import { Partitions } from './redis/journal/partitions.ts'
import { KeyMap } from './redis/keys.ts'
import { checkSettings } from './redis/options.ts'
import type { Script, ScriptCall, ScriptRunner } from './redis/script.ts'
import { invalidateScript, invalidateUpToScript } from './redis/scripts/invalidating.ts'
import { acquireScript, fillScript, releaseScript } from './redis/scripts/leasing.ts'
import { abortScript, beginScript, endScript } from './redis/scripts/marking.ts'
import { claimRefreshScript, refreshScript } from './redis/scripts/refreshing.ts'
import { type Servers, serversOf } from './redis/servers.ts'

export type { RedisClient, RedisCluster, RedisClusterNode } from './redis/client.ts'
export {
  type RedisClusterOptions,
  type RedisOptions,
  type RedisSocketOptions,
  redisClusterOptions,
  redisOptions,
} from './redis/options.ts'

/** Options of `redisStore`. */
export interface RedisStoreOptions {
  /** A node-redis client or cluster, made with `redisOptions` or `redisClusterOptions`. It stays yours: connect and close it. */
  readonly client: RedisClient | RedisCluster
  /** Over how many slots the keys of a journal are spread, 1 to 1,024; the same in all processes, for good. Default 64. */
  readonly partitions?: number
}

/** A store on Redis. */
export interface RedisStore extends JournalingStore {
  readonly name: 'redis'
}

/**
 * A store on a Redis server or cluster (6.2 or later, or Valkey), shared by all processes whose
 * caches have the same names. A hit is one GET, everything else one script on one key.
 *
 * Entries belong to one life of the server: after a restart the cache is cold, since what was read
 * back from a disk may have missed an invalidation; a journal's dirty entries stay. While the server
 * may not write (a replica, a failed save), reads reject instead of serving what nobody can
 * invalidate. Without a connection calls reject at once; with a frozen server they wait for as long
 * as the client's `socketTimeout`, so put a deadline on them, as a cache does.
 *
 * Throws `INVALID_ARGUMENT` when the client lacks a setting that this rests on.
 *
 * @example
 * const client = await createClient(redisOptions('redis://localhost')).connect()
 * const store = redisStore({ client })
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  const { client, partitions = 64 } = options
  if (typeof client?.sendCommand !== 'function') {
    throw new InvalidArgumentError('redisStore: client', 'a node-redis client or cluster', client)
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 1_024) {
    throw new InvalidArgumentError(
      'redisStore: partitions',
      'an integer from 1 to 1,024',
      partitions,
    )
  }
  checkSettings(client)
  return new StoreOnRedis(serversOf(client), partitions)
}

/** The table of states and operations of `docs/architecture.md`: each method is a row of it, told in a script. */
class StoreOnRedis implements RedisStore, ScriptRunner {
  readonly name = 'redis'
  readonly #servers: Servers
  readonly #keys: KeyMap
  readonly #partitions: number
  readonly #token = randomBytes(9).toString('base64url')

  constructor(servers: Servers, partitions: number) {
    this.#servers = servers
    this.#partitions = partitions
    this.#keys = new KeyMap(partitions)
  }

  now(): number {
    return this.#servers.now()
  }

  get(key: string): Promise<StoredState | undefined> {
    const connection = this.#servers.only?.trusted
    return connection === undefined
      ? this.#getElsewhere(key)
      : connection.get(this.#keys.stored(key, connection.suffix))
  }

  /** One MGET. On a cluster that would be refused across slots, so there it is GETs, which the client writes at once. */
  getMany(keys: readonly string[]): Promise<(StoredState | undefined)[]> {
    const connection = this.#servers.only?.trusted
    return connection === undefined || keys.length === 0
      ? this.#getManyElsewhere(keys)
      : connection.getMany(this.#storedOn(connection, keys))
  }

  async #getManyElsewhere(keys: readonly string[]): Promise<(StoredState | undefined)[]> {
    const [first] = keys
    if (first === undefined) return []
    if (this.#servers.only === undefined) return Promise.all(keys.map((key) => this.get(key)))
    const connection = await this.#servers.connectionOf('')
    await connection.prove(this.#keys.stored(first, connection.suffix))
    return connection.getMany(this.#storedOn(connection, keys))
  }

  #storedOn({ suffix }: { readonly suffix: string }, keys: readonly string[]): string[] {
    return keys.map((key) => this.#keys.stored(key, suffix))
  }

  async acquire(
    key: string,
    token: string,
    leaseMs: number,
  ): Promise<'acquired' | ValueEntry | NegativeEntry | LeaseState | PendingState> {
    const text = await this.#change(acquireScript, key, [token, atLeastOneMs(leaseMs)])
    if (text === null) return 'acquired'
    const state = stateOf(text)
    if (state === undefined) throw new CacheError('STORE_UNAVAILABLE', `redis: no entry at ${key}`)
    return state
  }

  async fill(key: string, token: string, content: Content): Promise<'stored' | 'refused'> {
    const isStored = await this.#change(fillScript, key, [...contentArgs(content), token])
    return isStored === 1 ? 'stored' : 'refused'
  }

  async release(key: string, token: string): Promise<void> {
    await this.#change(releaseScript, key, [token])
  }

  async begin(key: string, token: string, markMs: number): Promise<void> {
    await this.#supersede(beginScript, key, [token, atLeastOneMs(markMs)])
  }

  async end(key: string, token: string | null, content: Content): Promise<EndResult> {
    const answer = await this.#supersede(endScript, key, [...contentArgs(content), token ?? ''])
    const [result, lost] = answer as [EndResult['result'], number]
    return { result, markLost: lost === 1 }
  }

  async abort(key: string, token: string): Promise<void> {
    await this.#change(abortScript, key, [token])
  }

  async invalidate(key: string): Promise<void> {
    await this.#supersede(invalidateScript, key, [])
  }

  async invalidateUpTo(key: string, version: Version): Promise<void> {
    await this.#supersede(invalidateUpToScript, key, [versionText(version)])
  }

  async claimRefresh(key: string, softAt: number, refreshMs: number): Promise<boolean> {
    const args = [msText(softAt).padStart(13, '0'), msText(refreshMs)]
    return (await this.#change(claimRefreshScript, key, args)) === 1
  }

  async refresh(
    key: string,
    startedFrom: EntryStamp,
    content: Content,
  ): Promise<'replaced' | 'extended' | 'removed' | 'refused'> {
    const { version, storedAt, hardAt } = startedFrom
    const stamp = [
      versionText(version),
      ...[storedAt, hardAt].map((at) => msText(at).padStart(13, '0')),
    ]
    const answer = await this.#change(refreshScript, key, [...contentArgs(content), ...stamp])
    return answer as 'replaced' | 'extended' | 'removed' | 'refused'
  }

  clear(prefix: string, from?: string): Promise<string | undefined> {
    return clearStep(this.#servers, this.#keys, prefix, from)
  }

  /** Journals of one prefix are one journal in all processes, each with its own limits, of which each partition has its share; prefixes must not overlap. */
  journal(prefix: string, limits: JournalLimits): Journal {
    assertPositive('journal: maxKeys', limits.maxKeys)
    assertPositive('journal: maxBytes', limits.maxBytes)
    this.#keys.addJournal(prefix)
    const partitions = new Partitions(prefix, this.#partitions)
    return new RedisJournal(this, { partitions, limits, token: this.#token })
  }

  async run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const [first = ''] = keys
    const connection = await this.#servers.connectionOf(first)
    try {
      return await connection.run(script, keys, args)
    } catch (error) {
      return this.#servers.failed(error, first)
    }
  }

  async runTogether(calls: readonly ScriptCall[]): Promise<readonly unknown[]> {
    const isOne = this.#servers.only !== undefined && calls.length > 1
    if (!isOne) return Promise.all(calls.map((call) => this.run(...call)))
    const connection = await this.#servers.connectionOf('')
    return connection.runTogether(calls)
  }

  async mGet(keys: readonly string[]): Promise<readonly (string | null)[]> {
    const [first] = keys
    if (first === undefined) return []
    const connection = await this.#servers.connectionOf(first)
    try {
      return (await connection.send(['MGET', ...keys])) as (string | null)[]
    } catch (error) {
      return this.#servers.failed(error, first)
    }
  }

  /** On a cluster, and while a hit may not be believed yet. */
  async #getElsewhere(key: string): Promise<StoredState | undefined> {
    const connection = await this.#servers.connectionOf(this.#keys.stored(key, '}'))
    const storedKey = this.#keys.stored(key, connection.suffix)
    try {
      await connection.prove(storedKey)
      return await connection.get(storedKey)
    } catch (error) {
      return this.#servers.failed(error, storedKey)
    }
  }

  async #change(script: Script, key: string, args: readonly string[]): Promise<unknown> {
    const connection = await this.#servers.connectionOf(this.#keys.stored(key, '}'))
    const storedKey = this.#keys.stored(key, connection.suffix)
    try {
      return await connection.run(script, [storedKey], args)
    } catch (error) {
      return this.#servers.failed(error, storedKey)
    }
  }

  /** A change that tells of a write: on a cluster it concerns what slots that moved have left behind, too. */
  async #supersede(script: Script, key: string, args: readonly string[]): Promise<unknown> {
    if (this.#servers.only !== undefined) return this.#change(script, key, args)
    const connection = await this.#servers.connectionOf(this.#keys.stored(key, '}'))
    const storedKey = this.#keys.stored(key, connection.suffix)
    const leftBehind = await this.#servers.leftBehind(storedKey, connection)
    try {
      const isGone = leftBehind.length > 0 && connection.send(['DEL', ...leftBehind])
      const [answer] = await Promise.all([connection.run(script, [storedKey], args), isGone])
      return answer
    } catch (error) {
      return this.#servers.failed(error, storedKey)
    }
  }
}

function atLeastOneMs(ms: number): string {
  return msText(Math.max(1, ms))
}

function assertPositive(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError(what, 'an integer of 1 or more', value)
  }
}
