import { describe, expect, test } from 'vitest'
import type { Instance } from '../peers/instance.ts'
import type { Outcome } from '../peers/messages.ts'
import type { Row } from '../peers/peer.ts'
import { Rows } from '../peers/rows.ts'
import { invalidationDuringLoad, setDuringLoad } from '../peers/scenarios/load-in-flight.ts'
import { failingLoad, fatesText, loadsText, manyCallers } from '../peers/scenarios/many-callers.ts'
import { missedMessage, threeProcesses } from '../peers/scenarios/three-processes.ts'
import type { Stage } from '../peers/stage.ts'
import { outcomeText, stalenessText, time, watch } from '../peers/staleness.ts'

const ttlMs = 200

function row(version: number): Outcome {
  return { kind: 'row', row: { key: 'a', version, text: `at ${version}` }, ms: 1 }
}

describe('a table of rows', () => {
  test('reads the row when the load begins, whatever happens before it answers', async () => {
    const rows = new Rows()
    const hold = rows.hold('a')
    const held = rows.load('a')
    await hold.begun
    expect(rows.write('a').version).toBe(2)
    expect((await rows.load('a')).version).toBe(2)
    hold.release()
    expect((await held).version).toBe(1)
    expect([rows.loadsOf('a'), rows.loadsOf('b')]).toEqual([2, 0])
  })

  test('refuses loads while it fails', async () => {
    const rows = new Rows()
    rows.delayMs = 1
    rows.isFailing = true
    await expect(rows.load('a')).rejects.toThrow('the table refuses a')
    rows.isFailing = false
    expect(await rows.load('a')).toEqual({ key: 'a', version: 1, text: 'a at 1' })
  })
})

describe('staleness', () => {
  /** Reads that answer one outcome after the other, the last one for ever. */
  const reads = (...outcomes: readonly Outcome[]) => {
    let read = -1
    return async () => {
      read = Math.min(read + 1, outcomes.length - 1)
      return outcomes[read] ?? row(0)
    }
  }
  const watched = (outcomes: readonly Outcome[], withinMs = 60_000) =>
    watch({ get: reads(...outcomes), version: 2, since: performance.now() - 100, withinMs })

  test('is none when the first read is as new as the write', async () => {
    const staleness = await watched([row(2), row(1)])
    expect(staleness).toEqual({ first: row(2), staleMs: 0, isEndless: false })
    expect(stalenessText(staleness, ttlMs)).toBe('fresh')
  })

  test('lasts to the last read that was older', async () => {
    const { staleMs, isEndless } = await watched([row(1), row(1), row(3)])
    expect([staleMs >= 149, isEndless]).toEqual([true, false])
  })

  test('has no end when all reads are older to the end of the watch', async () => {
    const staleness = await watched([row(1)], 150)
    expect(staleness.isEndless).toBe(true)
    expect(stalenessText(staleness, ttlMs)).toMatch(/^stale > 0\.\d s$/)
  })

  test('is not what a read that fails shows', async () => {
    const error: Outcome = { kind: 'error', message: 'no', ms: 7 }
    expect(stalenessText(await watched([error]), ttlMs)).toBe('throws after 7 ms')
  })

  test.each([
    [1.2, 'stale 2 ms'],
    [700, 'stale 0.7 s'],
    [1_400, 'stale 1.4 s (TTL)'],
    [1_980, 'stale 2.0 s (TTL)'],
    [2_900, 'stale 2.9 s'],
  ])('of %d ms is said beside a TTL of 2 s as %s', (staleMs, words) => {
    expect(stalenessText({ first: row(1), staleMs, isEndless: false }, 2_000)).toBe(words)
  })

  test.each([
    [{ kind: 'row', row: { key: 'a', version: 1, text: '' }, ms: 103.4 }, '103 ms'],
    [{ kind: 'nothing', ms: 0.2 }, 'nothing after 1 ms'],
    [{ kind: 'error', message: '', ms: 1_250 }, 'throws after 1.3 s'],
    [{ kind: 'silence', ms: 10_000 }, 'no answer in 10 s'],
    [{ kind: 'death', message: '', ms: 0 }, 'process dies'],
  ] satisfies [Outcome, string][])('of an outage is what one answer was: %o', (outcome, words) => {
    expect(outcomeText(outcome)).toBe(words)
  })

  test('and its times are read at a glance', () => {
    expect([time(0.1), time(999.4), time(12_340)]).toEqual(['1 ms', '999 ms', '12.3 s'])
  })
})

/** A cache in this process, of entries that several may share. */
class FakeCache implements Instance {
  readonly #rows: Rows
  readonly #entries: Map<string, { row: Row; until: number }>
  readonly #kind: 'naive' | 'fenced'
  readonly #loads = new Map<string, Promise<Row>>()
  readonly #fences = new Map<string, number>()

  constructor(rows: Rows, kind: 'naive' | 'fenced', entries = new Map()) {
    this.#rows = rows
    this.#kind = kind
    this.#entries = entries
  }

  async get(key: string): Promise<Outcome> {
    const entry = this.#entries.get(key)
    if (entry !== undefined && entry.until > performance.now()) {
      return { kind: 'row', row: entry.row, ms: 0 }
    }
    try {
      return { kind: 'row', row: await this.#load(key), ms: 1 }
    } catch (error) {
      return { kind: 'error', message: String(error), ms: 1 }
    }
  }

  getAtOnce(key: string, times: number): Promise<Outcome[]> {
    return Promise.all(Array.from({ length: times }, () => this.get(key)))
  }

  async invalidate(key: string): Promise<Outcome> {
    this.#fence(key)
    this.#entries.delete(key)
    return { kind: 'nothing', ms: 0 }
  }

  async set(key: string, row: Row): Promise<Outcome> {
    this.#fence(key)
    this.#store(key, row)
    return { kind: 'nothing', ms: 0 }
  }

  stop(): void {
    this.#entries.clear()
  }

  #load(key: string): Promise<Row> {
    if (this.#kind === 'naive') return this.#loadAndStore(key)
    const running = this.#loads.get(key)
    if (running !== undefined) return running
    const load = this.#loadAndStore(key).finally(() => this.#loads.delete(key))
    this.#loads.set(key, load)
    return load
  }

  async #loadAndStore(key: string): Promise<Row> {
    const fence = this.#fences.get(key)
    const row = await this.#rows.load(key)
    if (this.#kind === 'naive' || fence === this.#fences.get(key)) this.#store(key, row)
    return row
  }

  #store(key: string, row: Row): void {
    this.#entries.set(key, { row, until: performance.now() + ttlMs })
  }

  #fence(key: string): void {
    this.#fences.set(key, (this.#fences.get(key) ?? 0) + 1)
  }
}

/** Without a Redis: instances that share their entries, or that do not hear of each other. */
function stageOf(kind: 'naive' | 'fenced', isShared = true): Stage {
  const rows = new Rows()
  rows.delayMs = 5
  const entries = new Map()
  const open = async () => new FakeCache(rows, kind, isShared ? entries : new Map())
  return {
    rows,
    ttlMs,
    form: {
      name: kind,
      tiers: isShared ? 'Redis' : 'memory, Redis',
      settings: '',
      sources: [],
      open: () => Promise.reject(new Error('no cache of a library here')),
    },
    open,
    openWarm: (ports) => Promise.all(ports.map(open)),
    timeToStore: async () => 0,
    get redis(): never {
      throw new Error('there is no Redis here')
    },
    proxy: () => Promise.reject(new Error('there is no line here')),
  }
}

async function cells(play: Promise<readonly { cell: string }[]>): Promise<string[]> {
  return (await play).map(({ cell }) => cell)
}

describe('a scenario', () => {
  // How long exactly is a matter of how busy the machine is.
  const stale = /^stale 0\.\d s/

  test('finds the old row that a load stores after an invalidation, for the whole TTL', async () => {
    const [own] = await cells(invalidationDuringLoad.play(stageOf('naive')))
    expect(own).toMatch(stale)
  })

  test('finds nothing where an invalidation kills the load', async () => {
    const [own] = await cells(invalidationDuringLoad.play(stageOf('fenced')))
    expect(own).toBe('fresh')
  })

  test('finds the old row that a load stores over a set, and none where it may not', async () => {
    expect(await cells(setDuringLoad.play(stageOf('naive')))).toEqual([
      expect.stringMatching(stale),
    ])
    expect(await cells(setDuringLoad.play(stageOf('fenced')))).toEqual(['fresh'])
  })

  test('counts the loads of many callers', async () => {
    expect(await cells(manyCallers.play(stageOf('fenced')))).toEqual(['1 load'])
    expect(await cells(manyCallers.play(stageOf('naive')))).toEqual(['100 loads'])
  })

  test('says what callers of a failing load get, and that the failure is not kept', async () => {
    const found = await cells(failingLoad.play(stageOf('fenced')))
    expect(found).toEqual(['1 load, 50 errors', 'loads'])
  })

  test('tells processes that share their entries from those that do not', async () => {
    const shared = await cells(threeProcesses.play(stageOf('fenced')))
    expect(shared).toEqual(['fresh', 'fresh', '3 loads'])
    const [, afterSet] = await cells(threeProcesses.play(stageOf('fenced', false)))
    expect(afterSet).toMatch(stale)
  })

  test('cuts no bus where there is none', async () => {
    expect(await cells(missedMessage.play(stageOf('fenced')))).toEqual(['needs none', 'needs none'])
    expect(await cells(missedMessage.play(stageOf('fenced', false)))).toEqual([
      'has none',
      'has none',
    ])
  })

  test('puts loads and fates into a word or two', () => {
    expect([loadsText(1), loadsText(2)]).toEqual(['1 load', '2 loads'])
    const error: Outcome = { kind: 'error', message: '', ms: 1 }
    const nothing: Outcome = { kind: 'nothing', ms: 1 }
    expect(fatesText([error, nothing, error])).toBe('2 errors + 1 undefined')
  })
})
