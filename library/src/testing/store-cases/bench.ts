import assert from 'node:assert/strict'
import type { Content, StoredState, ValueEntry, Version } from '../../contract/entry.ts'
import type { Store } from '../../contract/store.ts'
import type { Case, Harness } from '../suite.ts'

/** A lifetime that no test outlives. */
export const long = 60_000
/** A lifetime that survives a few calls, and ends when a test `expires` it. */
export const short = 200

/** The key that most tests are about. */
export const key = 'contract:1:k'

/** A case of the store's contract. */
export type StoreCase = Case<StoreBench>

/** Content as most tests need it: alive for long, nothing soft, no grace. */
export function content(
  version: Version,
  json: string | null,
  times: Partial<Omit<Content, 'version' | 'json'>> = {},
): Content {
  const ttlMs = times.ttlMs ?? long
  return { json, version, ttlMs, softTtlMs: ttlMs, graceMs: 0, deltaMs: 0, ...times }
}

/** A store with the steps that bring a key into a state, and a look at the state it is in. */
export class StoreBench<Port extends Store = Store> {
  readonly store: Port
  readonly advance: (ms: number) => Promise<void>

  constructor(harness: Harness<Port>) {
    this.store = harness.store
    this.advance = (ms) => harness.advance(ms)
  }

  /** Passes time until everything `short` has ended, and nothing `long`. */
  expire(): Promise<void> {
    return this.advance(short * 1.5)
  }

  /** The state of a key as text: `absent`, `L`, `P`, `V5 "text"`, `N5`; dirty entries end in `*`. */
  async see(which: string = key): Promise<string> {
    return stateText(await this.store.get(which))
  }

  async sees(expected: string, which: string = key): Promise<void> {
    assert.equal(await this.see(which), expected)
  }

  /** The value that stands there. */
  async value(which: string = key): Promise<ValueEntry> {
    const state = await this.store.get(which)
    assert.equal(state?.kind, 'value')
    return state as ValueEntry
  }

  /** Absent -> L. */
  async lease(token: string, leaseMs: number = long, which: string = key): Promise<void> {
    assert.equal(await this.store.acquire(which, token, leaseMs), 'acquired')
  }

  /** Absent -> V or N(0), as a reader fills it. */
  async filled(stored: Content, which: string = key): Promise<void> {
    await this.lease('filler', long, which)
    assert.equal(await this.store.fill(which, 'filler', stored), 'stored')
  }

  /** Any state but P and D -> V or N with this version, as a writer publishes it. */
  async published(stored: Content): Promise<void> {
    await this.store.begin(key, 'publisher', long)
    assert.deepEqual(await this.store.end(key, 'publisher', stored), {
      result: 'published',
      markLost: false,
    })
  }

  /** Every step of a clear. */
  async cleared(prefix: string): Promise<void> {
    let from: string | undefined
    do from = await this.store.clear(prefix, from)
    while (from !== undefined)
  }

  /** A load in flight under this lease cannot fill any more. */
  async fillIsRefused(token: string): Promise<void> {
    assert.equal(await this.store.fill(key, token, content(99, '"too late"')), 'refused')
  }

  /** The lease is untouched: its owner can fill. */
  async fillIsStored(token: string): Promise<void> {
    assert.equal(await this.store.fill(key, token, content(1, '"filled"')), 'stored')
    await this.sees('V1 "filled"')
  }

  /** What END answers, and what stands there afterwards. */
  async ends(
    token: string | null,
    stored: Content,
    expected: { readonly result: string; readonly markLost?: boolean; readonly leaves: string },
  ): Promise<void> {
    const { result, markLost = false, leaves } = expected
    assert.deepEqual(await this.store.end(key, token, stored), { result, markLost })
    await this.sees(leaves)
  }
}

/** A state as text. */
export function stateText(state: StoredState | undefined): string {
  if (state === undefined) return 'absent'
  if (state.kind === 'lease') return 'L'
  if (state.kind === 'pending') return 'P'
  const dirt = state.isDirty ? '*' : ''
  return state.kind === 'negative'
    ? `N${state.version}${dirt}`
    : `V${state.version} ${state.json}${dirt}`
}
