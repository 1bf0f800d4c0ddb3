import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// The first condition resolves `caching-patterns` to its sources: tests need no build of it. `import` is not named
// here: Node would take it for every `require` too, and pg could not load its own pool.
const conditions = ['caching-patterns:source', 'node']
const sources = { resolve: { conditions }, ssr: { resolve: { conditions } } }

// Tests without servers, processes or changes to what Node shares: a process for each file would cost more than they do.
const together = [
  'library/test/{contract,mechanisms,patterns,prometheus}/**/*.test.ts',
  'library/test/testing/**/*.test.ts',
]

/** What takes longest begins first: begun last, it would run alone in the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) =>
      longest.findIndex((name) => moduleId.endsWith(name))
    const sorted = await super.sort(files)
    const first = sorted.filter((file) => rank(file) >= 0).sort((a, b) => rank(a) - rank(b))
    return [...first, ...sorted.filter((file) => rank(file) < 0)]
  }
}

const longest = [
  'explorer/interleavings.test.ts',
  'process/two-processes.test.ts',
  'process/signals.test.ts',
  'test/soak-run.test.ts',
  'process/refusals.test.ts',
  'explorer/mutants.test.ts',
  'process/start-on-redis.test.ts',
  'test/bench-command.test.ts',
]

const shared = {
  testTimeout: 20_000,
  hookTimeout: 60_000,
  // Of processes and servers on a machine that others use too: one may get no core for a while.
  retry: process.env.CI ? 1 : 0,
}

export default defineConfig({
  test: {
    globalSetup: 'vitest.setup.ts',
    // Many tests wait for processes of their own: with two workers both cores would idle at times.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      { ...sources, test: { ...shared, name: 'together', include: together, isolate: false } },
      {
        ...sources,
        test: {
          ...shared,
          name: 'apart',
          include: ['{library,services,lab,local-servers}/test/**/*.test.ts'],
          exclude: together,
        },
      },
    ],
  },
})
