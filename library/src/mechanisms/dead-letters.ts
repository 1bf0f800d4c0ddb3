import type { DeadLetter, DurabilityOptions, WriteResult } from '../contract/cache.ts'
import { CacheError, hasCode } from '../contract/errors.ts'
import type { Journal, RetryResult, StoredDeadLetter } from '../contract/journal.ts'
import { parseFrozen } from '../contract/json.ts'
import type { FlushableSource } from '../contract/source.ts'
import type { Acknowledger } from './acknowledger.ts'
import type { Core } from './core.ts'
import type { Enqueuer } from './enqueuer.ts'
import { measuredWrite } from './measured-write.ts'
import type { UniqueValues } from './unique-values.ts'

interface DeadLettersParts<Key, Value> {
  readonly core: Core<Key>
  readonly source: FlushableSource<Key, Value>
  readonly journal: Journal
  readonly enqueuer: Enqueuer<Key, Value>
  readonly acknowledger: Acknowledger<Key, Value>
  readonly unique: UniqueValues<Key, Value>
  readonly delayMs: number
}

/** The writes that the database refused, for whoever decides what becomes of them. */
export class DeadLetters<Key, Value> {
  readonly #parts: DeadLettersParts<Key, Value>

  constructor(parts: DeadLettersParts<Key, Value>) {
    this.#parts = parts
  }

  async all(): Promise<readonly DeadLetter<Key, Value>[]> {
    const { core, journal } = this.#parts
    core.assertOpen()
    const letters = await core.store.read('deadLetters', () => journal.deadLetters())
    return letters.toSorted((one, other) => one.at - other.at).map((letter) => this.#shown(letter))
  }

  retry(
    key: Key,
    change: Partial<Value> | undefined,
    options: DurabilityOptions,
  ): Promise<WriteResult<Value>> {
    const { core } = this.#parts
    core.assertOpen()
    const id = core.keys.encode(key)
    return measuredWrite(core, { operation: 'put', id }, async () => {
      const letter = await this.#letterOf(key, id)
      const json = await this.#jsonOf(key, letter, change)
      return this.#enqueue(key, { letter, json, options })
    })
  }

  async discard(key: Key): Promise<boolean> {
    const { core, journal } = this.#parts
    core.assertOpen()
    const id = core.keys.encode(key)
    const letter = await core.store.read('deadLetter', () => journal.deadLetter(id))
    if (letter === undefined) return false
    const { version } = letter
    const isGone = await core.store.write('discard', () => journal.discard(id, version))
    const { cache } = core.emitter
    if (isGone) core.emitter.emit({ type: 'dead-letter-discarded', cache, key: id, version })
    return isGone
  }

  async #letterOf(key: Key, id: string): Promise<StoredDeadLetter> {
    const { core, journal } = this.#parts
    const letter = await core.store.read('deadLetter', () => journal.deadLetter(id))
    if (letter === undefined) throw noLetter(key)
    return letter
  }

  async #jsonOf(
    key: Key,
    { json }: StoredDeadLetter,
    change: Partial<Value> | undefined,
  ): Promise<string | null> {
    if (change === undefined) return json
    const { core, source } = this.#parts
    if (json === null) {
      const words = 'retryDeadLetter: this letter is a delete, of which nothing can be changed'
      throw new CacheError('UNSUPPORTED', words, { key })
    }
    return core.encode(source.complete(key, change, parseFrozen(json) as Value), key)
  }

  async #enqueue(
    key: Key,
    write: {
      readonly letter: StoredDeadLetter
      readonly json: string | null
      readonly options: DurabilityOptions
    },
  ): Promise<WriteResult<Value>> {
    const { core, journal, enqueuer, acknowledger, unique, delayMs } = this.#parts
    const { json, options, letter } = write
    const id = core.keys.encode(key)
    const value = json === null ? undefined : (parseFrozen(json) as Value)
    const { claimed } = await unique.claim(id, value, undefined)
    const isUrgent = acknowledger.isUrgent(options)
    const request = { version: letter.version, json, delayMs, isUrgent }
    let result: Exclude<RetryResult, { outcome: 'expired' }>
    try {
      result = await enqueuer.send<RetryResult>(key, (deadlineAt) =>
        journal.retry(id, { ...request, deadlineAt }),
      )
    } catch (error) {
      // of an unknown outcome the claim may be the write's
      if (!hasCode(error, 'WRITE_OUTCOME_UNKNOWN')) unique.giveUp(id, claimed)
      throw error
    }
    if (result.outcome !== 'accepted') {
      unique.giveUp(id, claimed)
      throw this.#refusal(key, result)
    }
    enqueuer.accepted(result, isUrgent)
    const { cache } = core.emitter
    const { version } = letter
    core.emitter.emit({ type: 'dead-letter-retried', cache, key: id, version })
    const accepted = { ...result, mustPersist: false }
    return acknowledger.acknowledge(key, { json, accepted, existed: true, options })
  }

  #refusal(key: Key, result: Exclude<RetryResult, { outcome: 'accepted' | 'expired' }>): Error {
    if (result.outcome === 'full') return this.#parts.enqueuer.full(key, result.limit)
    if (result.outcome !== 'superseded') return noLetter(key)
    const words = `retryDeadLetter: key ${String(key)} was written since, at version ${result.version}`
    return new CacheError('SUPERSEDED', words, { key, version: result.version })
  }

  #shown({ key, ...letter }: StoredDeadLetter): DeadLetter<Key, Value> {
    const { core, source } = this.#parts
    return {
      ...letter,
      key: source.parseKey(core.keys.textOf(key)),
      get value() {
        return (letter.json === null ? undefined : parseFrozen(letter.json)) as DeadLetter<
          Key,
          Value
        >['value']
      },
    }
  }
}

function noLetter(key: unknown): CacheError {
  return new CacheError('NO_DEAD_LETTER', `key ${String(key)} has no dead letter`, { key })
}
