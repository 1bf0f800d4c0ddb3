import type { scenariosOf } from './scenarios.ts'

type ScenarioName = keyof ReturnType<typeof scenariosOf>

/** A protection, switched off: texts of the compiled library, each of which occurs once, and what takes their place. */
export interface Mutant {
  /** What is missing, as a sentence. */
  readonly name: string
  /** Where its mistake shows. */
  readonly scenario: ScenarioName
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[]
  /** The mistake is the source's. */
  readonly drawsVersionsEarly?: boolean
}

const memory = 'stores/memory.js'
const marks = 'stores/memory/marks.js'

/** The protections of the protocols, one switched off in each. */
export const mutants: readonly Mutant[] = [
  {
    name: 'a fill needs no lease',
    scenario: 'through',
    edits: [
      {
        file: memory,
        from: "if (!isLeaseOf(this.#space.find(key, now), token))\n            return 'refused'",
        to: '',
      },
    ],
  },
  {
    name: 'a publish leaves a lease alone',
    scenario: 'ackedReader',
    edits: [
      {
        file: memory,
        from: '// L may be about to fill what it read before; N carries no version to compare with',
        to: "if (held.kind === 'lease') return 'kept'",
      },
    ],
  },
  {
    name: 'a publish stores onto an absent key',
    scenario: 'ackedWriters',
    edits: [
      { file: memory, from: "return 'absent';", to: 'return this.#publish(key, content, now);' },
    ],
  },
  {
    name: 'a key has one mark, that of the last writer',
    scenario: 'marks',
    edits: [
      {
        file: marks,
        from: 'this.#deadlines.set(token, until);',
        to: 'this.#deadlines.clear(); this.#deadlines.set(token, until);',
      },
    ],
  },
  {
    name: 'any caller joins a running load',
    scenario: 'joining',
    edits: [
      {
        file: 'mechanisms/single-flight.js',
        from: 'if (current.sentAt > arrivedAt)',
        to: 'if (true)',
      },
    ],
  },
  {
    name: 'a refresh is stored blindly',
    scenario: 'ahead',
    edits: [
      {
        file: memory,
        from: "if (held?.kind !== 'value' || held.isDirty)\n            return 'refused';\n        if (content",
        to: "if (held?.kind !== 'value') { this.#space.put(key, entryOf(content, now), now); return 'replaced' }\n        if (content",
      },
    ],
  },
  {
    name: 'the entry goes before the commit',
    scenario: 'through',
    edits: [
      {
        file: 'patterns/write-around.js',
        from: 'const committed = await commitWithin(',
        to: 'await invalidator.invalidate(id); const committed = await commitWithin(',
      },
      {
        file: 'patterns/write-around.js',
        from: "status: changed ? await invalidator.invalidate(id) : 'confirmed'",
        to: "status: 'confirmed'",
      },
    ],
  },
  {
    name: 'a publish does not compare versions',
    scenario: 'ackedWriters',
    edits: [
      {
        file: memory,
        from: "held.version < content.version ? this.#publish(key, content, now) : 'kept'",
        to: 'this.#publish(key, content, now)',
      },
    ],
  },
  {
    name: 'a publish treats a known absence as a value',
    scenario: 'ackedDelete',
    edits: [
      {
        file: memory,
        from: "if (held.kind === 'value') {\n            return held.version <",
        to: "if (held.kind !== 'lease') {\n            return held.version <",
      },
    ],
  },
  {
    name: 'a refresh is stored onto a known absence',
    scenario: 'aheadDelete',
    edits: [
      {
        file: memory,
        from: "if (held?.kind !== 'value' || held.isDirty)\n            return 'refused';\n        if (content",
        to: "if ((held?.kind !== 'value' && held?.kind !== 'negative') || held.isDirty)\n            return 'refused';\n        if (content",
      },
    ],
  },
  {
    name: 'an expired mark is dropped, and nothing more',
    scenario: 'marksEnd',
    edits: [
      {
        file: marks,
        from: 'this.#deadlines.delete(token);\n            this.poison();',
        to: 'this.#deadlines.delete(token);',
      },
    ],
  },
  {
    name: "a version is drawn before the row's lock is waited for",
    scenario: 'ackedPut',
    edits: [],
    drawsVersionsEarly: true,
  },
  {
    name: "a caller joins after the flight's GET was executed",
    scenario: 'late',
    edits: [{ file: 'mechanisms/store-view.js', from: 'flight.sending();', to: '' }],
  },
]
