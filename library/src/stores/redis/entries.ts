import type {
  Content,
  LeaseState,
  NegativeEntry,
  PendingState,
  StoredState,
  ValueEntry,
  Version,
} from '../../contract/entry.ts'
import { parseFrozen } from '../../contract/json.ts'

/*
 * The texts that keys hold: one letter, then decimals of fixed width, which compare as strings too.
 *
 *   V <version 16> <storedAt 13> <softAt 13> <hardAt 13> <refreshUntil 13> <deltaMs 6> <json>
 *   N <version 16> <storedAt 13> <hardAt 13>
 *   L <token>
 *   P <max 16> { <token> : <deadline> , }
 *   D <version 16> <storedAt 13> <enqueuedAt 13> <flushed 16> <U or X> <json>        the journal's: written, or deleted
 */

/** "No TTL" as an instant: the largest of 13 digits, in the year 2286. */
const never = 9_999_999_999_999
const longestDeltaMs = 999_999

const leaseState: LeaseState = Object.freeze({ kind: 'lease' })
const pendingState: PendingState = Object.freeze({ kind: 'pending' })

/** V as it was answered: a field is parsed when it is asked for. */
class StoredValue implements ValueEntry {
  readonly kind = 'value'
  readonly isDirty = false
  readonly #text: string
  #json: string | undefined = undefined
  #value: unknown = undefined

  constructor(text: string) {
    this.#text = text
  }

  get version(): Version {
    return numberAt(this.#text, 1, 17)
  }
  get storedAt(): number {
    return numberAt(this.#text, 17, 30)
  }
  get softAt(): number {
    return numberAt(this.#text, 30, 43)
  }
  get hardAt(): number {
    return numberAt(this.#text, 43, 56)
  }
  get refreshUntil(): number {
    return numberAt(this.#text, 56, 69)
  }
  get deltaMs(): number {
    return numberAt(this.#text, 69, 75)
  }
  get json(): string {
    this.#json ??= this.#text.slice(75)
    return this.#json
  }
  get value(): unknown {
    // JSON has no undefined: it can only mean "not parsed yet"
    if (this.#value === undefined) this.#value = parseFrozen(this.json)
    return this.#value
  }
}

/** D with a value: without a TTL. */
class DirtyValue implements ValueEntry {
  readonly kind = 'value'
  readonly isDirty = true
  readonly softAt = never
  readonly hardAt = never
  readonly refreshUntil = 0
  readonly deltaMs = 0
  readonly version: Version
  readonly storedAt: number
  readonly json: string
  #value: unknown = undefined

  constructor(text: string) {
    this.version = numberAt(text, 1, 17)
    this.storedAt = numberAt(text, 17, 30)
    this.json = text.slice(60)
  }

  get value(): unknown {
    if (this.#value === undefined) this.#value = parseFrozen(this.json)
    return this.#value
  }
}

/** What a text says; a text of no known kind is as good as none: its writer kept another layout. */
export function stateOf(text: unknown): StoredState | undefined {
  if (typeof text !== 'string') return undefined
  switch (text.charCodeAt(0)) {
    case 86: // V
      return new StoredValue(text)
    case 78: // N
      return absence(text, numberAt(text, 30, 43), false)
    case 76: // L
      return leaseState
    case 80: // P
      return pendingState
    case 68: // D
      return text[59] === 'X' ? absence(text, never, true) : new DirtyValue(text)
    default:
      return undefined
  }
}

function absence(text: string, hardAt: number, isDirty: boolean): NegativeEntry {
  const version = numberAt(text, 1, 17)
  return { kind: 'negative', version, storedAt: numberAt(text, 17, 30), hardAt, isDirty }
}

/** A version as scripts compare it. */
export function versionText(version: Version): string {
  return String(version).padStart(16, '0')
}

/** A length of time, or an instant, for a script. */
export function msText(ms: number): string {
  return String(Math.max(0, Math.floor(ms)))
}

/**
 * What a script stores, as its arguments: kind, version, lifetimes, and the text. A script adds its
 * own clock to the lifetimes.
 */
export function contentArgs(content: Content): string[] {
  const { json, version, ttlMs, softTtlMs, graceMs, deltaMs } = content
  return [
    json === null ? 'N' : 'V',
    versionText(version),
    msText(ttlMs),
    msText(softTtlMs),
    msText(graceMs),
    String(Math.min(longestDeltaMs, Math.floor(deltaMs))).padStart(6, '0'),
    json ?? '',
  ]
}

/** A number of fixed width; no text is made for it. */
export function numberAt(text: string, from: number, to: number): number {
  let number = 0
  for (let i = from; i < to; i++) number = number * 10 + (text.charCodeAt(i) - 48)
  return number
}
