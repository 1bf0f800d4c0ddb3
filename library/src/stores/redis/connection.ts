import type { StoredState } from '../../contract/entry.ts'
import { CacheError } from '../../contract/errors.ts'
import type { RedisClient } from './client.ts'
import { stateOf } from './entries.ts'
import type { ScriptCall } from './script.ts'
import { inTransaction } from './transaction.ts'

/** What a connection tells whoever holds it. */
export interface ConnectionOwner {
  /** The connection that answers count of: those of an earlier one are failures. */
  readonly current: Connection | undefined
  /** The same while its hits may be believed. */
  trusted: Connection | undefined
}

/** What a server says when it may not write: a hit of it may be older than an invalidation that it, or another, refused. */
const refusal = /\b(?:READONLY|MISCONF|LOADING|CLUSTERDOWN|MASTERDOWN|NOREPLICAS) /
const probeEveryMs = 250

/**
 * One connection to one server, of which the incarnation is known. An answer counts only while the
 * connection is the current one, and a hit only while the server may write.
 */
export class Connection {
  /** What follows a logical key in a stored one: the end of the hash tag, and which life of the server this is. */
  readonly suffix: string
  readonly incarnation: string
  readonly #client: RedisClient
  readonly #owner: ConnectionOwner
  #lastRefusal: unknown
  #probe: Promise<unknown> | undefined
  #probedAt = Number.NEGATIVE_INFINITY

  constructor(client: RedisClient, owner: ConnectionOwner, incarnation: string) {
    this.#client = client
    this.#owner = owner
    this.incarnation = incarnation
    this.suffix = `}${incarnation}`
  }

  /** A hit is this: no function of its own, and none made for the call. */
  get(storedKey: string): Promise<StoredState | undefined> {
    return this.#client.sendCommand(['GET', storedKey]).then(this.#onText, this.#onError)
  }

  getMany(storedKeys: readonly string[]): Promise<(StoredState | undefined)[]> {
    return this.#client.sendCommand(['MGET', ...storedKeys]).then(this.#onTexts, this.#onError)
  }

  /** A command whose answer may be of any time before now, on this connection. */
  send(args: readonly string[]): Promise<unknown> {
    return this.#client.sendCommand(args).then(this.#onAnswer, this.#onError)
  }

  run(...call: ScriptCall): Promise<unknown> {
    return this.send(evalSha(call)).catch((error: unknown) => this.#unknownScript(call, error))
  }

  async runTogether(calls: readonly ScriptCall[]): Promise<readonly unknown[]> {
    const outcomes = await inTransaction((args) => this.send(args), calls.map(evalSha))
    const answers = outcomes.map((outcome, i) => {
      const call = calls[i] as ScriptCall
      if (outcome.status === 'fulfilled') return outcome.value
      if (outcome.status === 'not-executed') return this.run(...call)
      return this.#unknownScript(call, outcome.reason).catch(this.#onError)
    })
    return Promise.all(answers)
  }

  async #unknownScript([script, keys, args]: ScriptCall, error: unknown): Promise<unknown> {
    // the one error that says that nothing was executed
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return await this.send(['EVAL', script.lua, String(keys.length), ...keys, ...args])
  }

  /** Resolves when a write has succeeded: then hits count again. One that changes nothing, every 250 ms at most, in the slot of `storedKey`. */
  async prove(storedKey: string): Promise<void> {
    if (this.#owner.trusted === this) return
    if (this.#probe === undefined && performance.now() < this.#probedAt + probeEveryMs) {
      throw this.#lastRefusal
    }
    this.#probe ??= this.#sendProbe(storedKey)
    await this.#probe
  }

  async #sendProbe(storedKey: string): Promise<void> {
    this.#probedAt = performance.now()
    try {
      await this.send(['DEL', `${storedKey.slice(0, storedKey.indexOf('}'))}}probe`])
      this.#owner.trusted = this
    } catch (error) {
      this.#lastRefusal = error
      throw error
    } finally {
      this.#probe = undefined
    }
  }

  readonly #onText = (text: unknown): StoredState | undefined => {
    if (this.#owner.trusted !== this) throw this.#notBelieved()
    return stateOf(text)
  }

  readonly #onTexts = (texts: unknown): (StoredState | undefined)[] => {
    if (this.#owner.trusted !== this) throw this.#notBelieved()
    return (texts as unknown[]).map(stateOf)
  }

  readonly #onAnswer = (answer: unknown): unknown => {
    if (this.#owner.current !== this) throw lostConnection()
    return answer
  }

  readonly #onError = (error: unknown): never => {
    if (error instanceof Error && refusal.test(error.message)) {
      this.#lastRefusal = error
      if (this.#owner.trusted === this) this.#owner.trusted = undefined
    }
    throw error
  }

  #notBelieved(): unknown {
    return this.#owner.current === this ? this.#lastRefusal : lostConnection()
  }
}

function evalSha([script, keys, args]: ScriptCall): string[] {
  return ['EVALSHA', script.sha, String(keys.length), ...keys, ...args]
}

function lostConnection(): CacheError {
  return new CacheError('STORE_UNAVAILABLE', 'redis: the answer is of an earlier connection')
}
