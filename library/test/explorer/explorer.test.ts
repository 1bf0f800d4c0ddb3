import './light-histograms.ts'
import { type Cache, type Clock, readThrough, type Store, writeThrough } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import {
  checkHistory,
  type ExploredRow,
  explore,
  type Faults,
  type Operation,
  cacheOperations as op,
  type Ports,
  type ProcessScript,
  replay,
  type Scenario,
  walk,
} from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import type { Step } from '../../src/testing/explorer/step.ts'
import { World } from '../../src/testing/explorer/world.ts'

type Rows = Cache<string, ExploredRow>
type Processes = readonly [ProcessScript<Rows>, ProcessScript<Rows>]

const still = {
  name: 'rows',
  ttl: '1h',
  jitter: 0,
  storeReadDeadline: '60s',
  storeWriteDeadline: '60s',
  loadDeadline: '60s',
  lease: '2m',
  waitForLoad: 10,
} as const

/** A reader who reads `reads` times, and a writer, each in a process of its own. */
function pair(parts: Partial<Scenario<Rows>> = {}, reads = 2): Scenario<Rows> {
  const open = (ports: Ports) => readThrough({ ...still, ...ports })
  return {
    name: 'a reader, a writer',
    promise: 'fresh',
    store: (clock) => memoryStore({ clock, maxEntries: 10 }),
    processes: [
      { open, actors: [{ name: 'reader', script: Array.from({ length: reads }, () => op.get) }] },
      { open, actors: [{ name: 'writer', script: [op.update] }] },
    ],
    ...parts,
  }
}

/** A memory store with one method in another's place. */
function storeWith(method: keyof Store, other: (memory: Store) => unknown) {
  return (clock: Clock): Store =>
    new Proxy<Store>(memoryStore({ clock, maxEntries: 10 }), {
      get(memory, name) {
        const member: unknown = Reflect.get(memory, name)
        if (name === method) return other(memory)
        return typeof member === 'function' ? member.bind(memory) : member
      },
    })
}

/** Fills whoever asks, as a plain SET would. */
const naiveStore = storeWith(
  'fill',
  (memory) =>
    (...[key, , content]: Parameters<Store['fill']>) => {
      memory.invalidate(key)
      memory.acquire(key, 'mine', 1_000)
      return memory.fill(key, 'mine', content)
    },
)

/** Every schedule there is, one run each, no two states taken for one. */
async function everySchedule(scenario: Scenario<Rows>): Promise<string[]> {
  const endings: string[] = []
  const open: Step[][] = [[]]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const answers: string[] = []
    const onEvent = (text: string) => void (/returns/.test(text) && answers.push(text))
    const world = new World(scenario, { numberOf: () => 0, onEvent })
    await world.begin()
    for (const step of path) await world.take(step)
    while (!world.isOver) {
      const { steps, faults } = world.choices()
      const [first, ...others] = [...steps, ...faults]
      if (first === undefined) break
      open.push(...others.map((other) => [...(path as Step[]), other]))
      path = [...path, first]
      await world.take(first)
    }
    endings.push(answers.join())
  }
  return endings
}

describe('explore', () => {
  test.each<Faults>([{}, { crashes: 1 }, { evictions: 1, expiries: 1 }])(
    'stands for exactly the schedules that there are, with faults %o',
    async (faults) => {
      const [first, second] = pair({}, 1).processes as Processes
      const actors = [{ name: 'other', script: [op.invalidate] }]
      const scenario = pair({ faults, processes: [first, { ...second, actors }] })
      const all = await everySchedule(scenario)
      const { covered, schedules, isComplete } = await explore(scenario)
      expect({ covered, isComplete }).toEqual({ covered: all.length, isComplete: true })
      expect(schedules).toBeLessThan(all.length)
    },
    60_000,
  )

  test('finds the shortest schedule that breaks a promise', async () => {
    const { counterexample, isComplete } = await explore(pair({ store: naiveStore }))
    expect(counterexample).toMatchObject({
      isShortest: true,
      violation: { reason: 'older-than-confirmed' },
    })
    expect(counterexample?.schedule).toHaveLength(17)
    expect(counterexample?.lines.at(-1)).toMatch(
      /^=> reader: get returned initial \(version 1\), though writer/,
    )
    expect(isComplete).toBe(false)
  })

  test('finds the same from any seed', async () => {
    const scenario = pair({ store: naiveStore, faults: { evictions: 1 } })
    for (const seed of [2, 3, 4]) {
      const { counterexample } = await explore(scenario, { seed })
      expect(counterexample).toMatchObject({ isShortest: true })
      expect(counterexample?.schedule).toHaveLength(17)
    }
  })

  test('ends at the first violation, where that is asked for, and drops the steps that it does not need', async () => {
    const { counterexample } = await explore(pair({ store: naiveStore }), {
      stopsAtViolation: true,
    })
    expect(counterexample).toMatchObject({ isShortest: false })
    expect(counterexample?.schedule.length).toBeLessThan(20)
  })

  test('runs as many schedules as it is allowed', async () => {
    const { schedules, isComplete } = await explore(pair(), { maxSchedules: 40 })
    expect({ schedules, isComplete }).toEqual({ schedules: 40, isComplete: false })
  })

  test('says who is never answered', async () => {
    const never: Operation<Rows> = {
      kind: 'read',
      name: 'get',
      run: () => new Promise(() => undefined),
    }
    const [{ open }] = pair().processes as Processes
    const processes = [{ open, actors: [{ name: 'reader', script: [never] }] }]
    const { counterexample } = await explore(pair({ processes }))
    expect(counterexample?.violation).toEqual({
      reason: 'never-answered',
      message: 'reader: no call and no timer is left',
    })
  })

  test('rejects when the code goes by something that is not among its ports', async () => {
    let runs = 0
    const fickle: Operation<Rows> = {
      kind: 'touch',
      name: 'fickle',
      async run(cache, { key }) {
        runs += 1
        if (runs % 3 === 0) await cache.invalidate(key)
        await cache.get(key)
      },
    }
    const [first, second] = pair().processes as [
      Scenario<Rows>['processes'][number],
      Scenario<Rows>['processes'][number],
    ]
    const actors = [{ name: 'reader', script: [fickle, op.get] }]
    const exploring = explore(pair({ processes: [{ ...first, actors }, second] }))
    await expect(exploring).rejects.toThrow(/not among its ports/)
  })

  test('refuses a store that does not answer at once', async () => {
    const store = storeWith('get', () => async () => undefined)
    const { lines } = await replay(pair({ store }), ['start 0.0', 'execute 0.0'])
    expect(lines.at(-1)).toMatch(/expected one that answers at once/)
  })
})

describe('a schedule', () => {
  test('plays again from its seed, and from its steps', async () => {
    const scenario = pair({ faults: { timeouts: 2, crashes: 1, evictions: 1 } })
    const once = await replay(scenario, 7)
    expect(await replay(scenario, 7)).toEqual(once)
    expect(await replay(scenario, once.schedule)).toEqual(once)
    expect((await replay(scenario, 8)).schedule).not.toEqual(once.schedule)
  })

  test('that is not one is refused', async () => {
    await expect(replay(pair(), ['begin'])).rejects.toThrow(/expected a step such as "answer 0.3"/)
    await expect(replay(pair(), ['start 0.0', 'answer 0.0'])).rejects.toThrow(
      /expected a schedule of a reader, a writer, received answer 0.0 too early/,
    )
  })

  test('executes a call late that its caller has given up', async () => {
    const scenario = pair({ faults: { timeouts: 1 } })
    const { lines } = await replay(scenario, ['start 1.0', 'lose 1.0', 'execute 1.0'])
    expect(lines.slice(1)).toEqual([
      'writer: COMMIT OF UPDATE times out, before it is executed',
      'writer: COMMIT OF UPDATE is executed, though nobody waits for it any more -> written (version 2)',
    ])
  })

  test('lets no commit take effect after its deadline', async () => {
    const scenario = pair({ before: { script: [op.get] }, faults: { expiries: 1 } })
    const { lines } = await replay(scenario, ['start 1.0', 'expire', 'execute 1.0'])
    expect(lines.slice(1)).toEqual([
      '3600000 ms pass, and V initial (version 1) ends: absent',
      'writer: COMMIT OF UPDATE is executed -> the write came after its deadline: nothing was written',
    ])
  })

  test('executes an END once more, and forgets a key while it is marked', async () => {
    const open = (ports: Ports) => writeThrough({ ...still, ...ports })
    const processes = pair().processes.map((process) => ({ ...process, open }))
    const scenario = pair({ processes, faults: { repeats: 1, lostMarks: 1 } })
    const begun = ['start 1.0', 'execute 1.0', 'answer 1.0', 'execute 1.1', 'answer 1.1']
    const { lines } = await replay(scenario, [...begun, 'execute 1.2', 'repeat 1.2'])
    expect(lines.slice(-2)).toEqual([
      'writer: END is executed -> published',
      'writer: END is executed once more -> kept',
    ])
    const lost = await replay(scenario, [...begun, 'evict', 'execute 1.2'])
    expect(lost.lines.slice(-2)).toEqual([
      'the store forgets P',
      'writer: END is executed -> absent',
    ])
  })

  test('has no more faults than the scenario allows', async () => {
    const scenario = pair({ before: { script: [op.get] }, faults: { evictions: 1 } })
    const played = await replay(scenario, ['evict'])
    expect(played.lines).toEqual(['the store forgets V initial (version 1)'])
    for (const fault of ['lose 0.0', 'crash 0', 'expire', 'fire 0', 'draw 0.0', 'repeat 0.0']) {
      await expect(replay(scenario, ['start 0.0', fault]), fault).rejects.toThrow(/too early/)
    }
  })

  test('goes on without a process that has ended, and executes what it had sent', async () => {
    const scenario = pair({ faults: { crashes: 1 } })
    const { lines } = await replay(scenario, ['start 1.0', 'crash 1', 'execute 1.0'])
    expect(lines.slice(1)).toEqual([
      'writer: the process ends',
      'writer: COMMIT OF UPDATE is executed, though nobody waits for it any more -> written (version 2)',
    ])
  })
})

describe('walk', () => {
  test('finds what is wrong, the seed that finds it again, and a short schedule', async () => {
    const scenario = pair({ store: naiveStore, faults: { timeouts: 2, evictions: 1 } })
    const { counterexample, seed = 0 } = await walk(scenario, { walks: 2_000 })
    expect(counterexample?.violation.reason).toBe('older-than-confirmed')
    const walked = await replay(scenario, seed)
    expect(walked.violation?.reason).toBe('older-than-confirmed')
    expect(counterexample?.schedule.length).toBeLessThan(walked.schedule.length)
  })

  test('judges every answer as a check of the whole history does', async () => {
    const initial = new Map([['k', { version: 1, value: 'initial' }]])
    const faults = { timeouts: 2, crashes: 1, evictions: 1 }
    const scripts = [
      [op.get, op.get, op.get],
      [op.update, op.delete],
    ] as const
    const deleting = pair().processes.map(({ open }, at) => ({
      open,
      actors: [{ name: at === 0 ? 'reader' : 'writer', script: scripts[at] ?? [] }],
    }))
    const verdicts = { fresh: 0, stale: 0 }
    for (const store of [naiveStore, pair().store]) {
      const scenario = pair({ store, faults, processes: deleting, promise: 'linearizable' })
      for (let seed = 1; seed <= 400; seed++) {
        const { violation, history } = await replay(scenario, seed)
        const { olderThanConfirmed, nonLinearizable, other } = checkHistory(history, initial)
        expect(other).toEqual([])
        expect(olderThanConfirmed.length > 0).toBe(violation?.reason === 'older-than-confirmed')
        expect(nonLinearizable.length > 0).toBe(violation !== undefined)
        verdicts[violation === undefined ? 'fresh' : 'stale'] += 1
      }
    }
    expect(verdicts.fresh).toBeGreaterThan(100)
    expect(verdicts.stale).toBeGreaterThan(5)
  }, 60_000)
})
