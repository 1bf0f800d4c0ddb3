import type { Content, NegativeEntry, ValueEntry, Version } from '../../contract/entry.ts'
import { parseFrozen } from '../../contract/json.ts'

/** "No TTL" as an instant: the largest of 13 digits, in the year 2286. */
export const never = 9_999_999_999_999

/** What the objects of an entry cost beside its texts, in bytes: measured at about 310 with a short key. */
const overheadBytes = 320

/** A JSON text with its value, parsed once for all entries and readers that share it. */
class Text {
  readonly json: string
  #value: unknown

  constructor(json: string) {
    this.json = json
  }

  get value(): unknown {
    // JSON has no undefined: it can only mean "not parsed yet"
    if (this.#value === undefined) this.#value = parseFrozen(this.json)
    return this.#value
  }
}

type Times = Omit<ValueEntry, 'kind' | 'json' | 'value'> & { readonly goneAt: number }

/** V. Immutable: a reader may hold it while the store moves on. All are of one shape. */
export class StoredValue implements ValueEntry {
  readonly kind = 'value'
  readonly version: Version
  readonly storedAt: number
  readonly softAt: number
  readonly hardAt: number
  readonly refreshUntil: number
  readonly deltaMs: number
  readonly isDirty: boolean
  readonly json: string
  /** The end of its grace: from here on it is absent. */
  readonly goneAt: number
  readonly #text: Text
  /** The text's value once it was asked for: a look at the text is a line of memory more on every hit. */
  #value: unknown

  private constructor(text: Text, times: Times) {
    this.version = times.version
    this.storedAt = times.storedAt
    this.softAt = times.softAt
    this.hardAt = times.hardAt
    this.refreshUntil = times.refreshUntil
    this.deltaMs = times.deltaMs
    this.isDirty = times.isDirty
    this.json = text.json
    this.goneAt = times.goneAt
    this.#text = text
  }

  static of(json: string, version: Version, times: Omit<Content, 'json' | 'version'>, now: number) {
    return new StoredValue(new Text(json), {
      version,
      storedAt: now,
      softAt: now + times.softTtlMs,
      hardAt: now + times.ttlMs,
      refreshUntil: 0,
      deltaMs: times.deltaMs,
      isDirty: false,
      goneAt: now + times.ttlMs + times.graceMs,
    })
  }

  static dirty(json: string, version: Version, now: number): StoredValue {
    return new StoredValue(new Text(json), {
      version,
      storedAt: now,
      softAt: never,
      hardAt: never,
      refreshUntil: 0,
      deltaMs: 0,
      isDirty: true,
      goneAt: never,
    })
  }

  get value(): unknown {
    if (this.#value === undefined) this.#value = this.#text.value
    return this.#value
  }

  /** The same text with some of its times changed. */
  with(changes: Partial<Times>): StoredValue {
    return new StoredValue(this.#text, {
      version: this.version,
      storedAt: this.storedAt,
      softAt: this.softAt,
      hardAt: this.hardAt,
      refreshUntil: this.refreshUntil,
      deltaMs: this.deltaMs,
      isDirty: this.isDirty,
      goneAt: this.goneAt,
      ...changes,
    })
  }
}

/** N. */
export class StoredAbsence implements NegativeEntry {
  readonly kind = 'negative'
  readonly version: Version
  readonly storedAt: number
  readonly hardAt: number
  readonly isDirty: boolean

  constructor(
    version: Version,
    times: { readonly storedAt: number; readonly hardAt: number },
    isDirty: boolean,
  ) {
    this.version = version
    this.storedAt = times.storedAt
    this.hardAt = times.hardAt
    this.isDirty = isDirty
  }

  get goneAt(): number {
    return this.hardAt
  }
}

/** L. */
export class Lease {
  readonly kind = 'lease'
  readonly token: string
  readonly goneAt: number

  constructor(token: string, goneAt: number) {
    this.token = token
    this.goneAt = goneAt
  }
}

/** An entry as readers see it. */
export type Entry = StoredValue | StoredAbsence

/** The entry that `content` makes at this instant. */
export function entryOf(content: Content, now: number): Entry {
  const { json, version, ttlMs } = content
  return json === null
    ? new StoredAbsence(version, { storedAt: now, hardAt: now + ttlMs }, false)
    : StoredValue.of(json, version, content, now)
}

/** An accepted, unflushed write as an entry: without a TTL. */
export function dirtyEntryOf(json: string | null, version: Version, now: number): Entry {
  return json === null
    ? new StoredAbsence(version, { storedAt: now, hardAt: never }, true)
    : StoredValue.dirty(json, version, now)
}

/** What an entry or a lease counts against a bound in bytes: its texts in UTF-8, and a fixed share for its objects. */
export function bytesOf(key: string, held: Entry | Lease): number {
  const textBytes = held.kind === 'value' ? Buffer.byteLength(held.json) : 0
  return overheadBytes + Buffer.byteLength(key) + textBytes
}
