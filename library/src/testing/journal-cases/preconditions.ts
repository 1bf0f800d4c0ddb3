import assert from 'node:assert/strict'
import type { EnqueueResult, Precondition } from '../../contract/journal.ts'
import { content, long, short } from '../store-cases/bench.ts'
import type { JournalBench, JournalCase } from './bench.ts'

type Expected = 'new' | 'known' | 'load-first' | 'missing' | 'conflict'

interface Situation {
  readonly name: string
  /** Brings the key there; returns its version. */
  readonly arrange: (bench: JournalBench) => Promise<number>
  readonly isDirty: boolean
  readonly expected: Readonly<
    Record<'any' | 'exists' | 'absent' | 'its version' | 'another version', Expected>
  >
}

const unknown = {
  any: 'new',
  exists: 'load-first',
  absent: 'load-first',
  'its version': 'load-first',
  'another version': 'load-first',
} as const
const absent = {
  any: 'new',
  exists: 'missing',
  absent: 'new',
  'its version': 'missing',
  'another version': 'missing',
} as const
const present = {
  any: 'known',
  exists: 'known',
  absent: 'conflict',
  'its version': 'known',
  'another version': 'conflict',
} as const

const situations: readonly Situation[] = [
  { name: 'an absent key', arrange: async () => 0, isDirty: false, expected: unknown },
  {
    name: 'a lease',
    arrange: async (bench) => {
      await bench.lease('mine')
      return 0
    },
    isDirty: false,
    expected: unknown,
  },
  {
    name: 'a value past its hard expiry',
    arrange: async (bench) => {
      await bench.filled(content(5, '"v"', { ttlMs: short, graceMs: long }))
      await bench.expire()
      return 5
    },
    isDirty: false,
    expected: unknown,
  },
  {
    name: 'a negative entry',
    arrange: async (bench) => {
      await bench.filled(content(0, null))
      return 0
    },
    isDirty: false,
    expected: absent,
  },
  {
    name: 'a value',
    arrange: async (bench) => {
      await bench.filled(content(5, '"v"'))
      return 5
    },
    isDirty: false,
    expected: present,
  },
  {
    name: 'a dirty value',
    arrange: (bench) => bench.accepted('"d"'),
    isDirty: true,
    expected: present,
  },
  {
    name: 'a dirty delete',
    arrange: (bench) => bench.accepted(null),
    isDirty: true,
    expected: absent,
  },
]

function preconditionOf(name: string, version: number): Precondition {
  if (name === 'its version') return { version }
  if (name === 'another version') return { version: version + 1 }
  return name as Precondition
}

function answerOf(expected: Expected, isDirty: boolean, version: number): Partial<EnqueueResult> {
  if (expected === 'conflict') return { outcome: 'conflict', version }
  if (expected === 'load-first' || expected === 'missing') return { outcome: expected }
  return { outcome: 'accepted', existed: expected === 'known', coalesced: isDirty }
}

/** `enqueue`: what each precondition answers in each state. */
export const preconditionCases: readonly JournalCase[] = situations.flatMap(
  ({ name, arrange, isDirty, expected }) =>
    Object.entries(expected).map(
      ([precondition, outcome]): JournalCase => [
        `enqueue: onto ${name}, if ${precondition}: ${outcome === 'new' || outcome === 'known' ? 'accepted' : outcome}`,
        async (bench) => {
          const version = await arrange(bench)
          const before = { state: await bench.see(), figures: await bench.journal.figures() }
          const answer = await bench.enqueue('"w"', {
            precondition: preconditionOf(precondition, version),
          })
          if (answer.outcome === 'accepted') {
            assert.deepEqual(answer, {
              ...answerOf(outcome, isDirty, version),
              version: answer.version,
            })
            assert.ok(answer.version > version)
            await bench.sees(`V${answer.version} "w"*`)
          } else {
            assert.deepEqual(answer, answerOf(outcome, isDirty, version))
            const after = { state: await bench.see(), figures: await bench.journal.figures() }
            assert.equal(after.state, before.state)
            assert.equal(after.figures.dirty, before.figures.dirty)
            assert.equal(after.figures.bytes, before.figures.bytes)
          }
        },
      ],
    ),
)
