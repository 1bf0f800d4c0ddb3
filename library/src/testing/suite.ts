/** One promise of a contract. `run` rejects (with an AssertionError, as a rule) when it is broken. */
export interface ContractCase {
  readonly title: string
  readonly run: () => Promise<void>
}

/** What an adapter lends to one test. */
export interface Harness<Port> {
  /** Empty, and used by nothing else. */
  readonly store: Port
  /** Moves the store's time forward by `ms`: steps its clock, or really waits. */
  advance(ms: number): Promise<void>
  close(): Promise<void>
}

/** How a suite is made: `create` is called for each test. */
export interface SuiteOptions<Port> {
  create(): Promise<Harness<Port>>
}

/** A promise as it is written: its body is given a bench over a fresh harness. */
export type Case<Bench> = readonly [title: string, body: (bench: Bench) => Promise<void>]

/** Turns cases into tests that make and close a harness each. */
export function testsOf<Port, Bench>(
  { create }: SuiteOptions<Port>,
  benchOf: (harness: Harness<Port>) => Bench,
  cases: readonly Case<Bench>[],
): readonly ContractCase[] {
  return cases.map(([title, body]) => ({
    title,
    async run() {
      const harness = await create()
      try {
        await body(benchOf(harness))
      } finally {
        await harness.close()
      }
    },
  }))
}
