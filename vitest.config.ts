import { defineConfig } from 'vitest/config'

// The first condition resolves `caching-patterns` to its sources: tests need no build of it. `import` is not named
// here: Node would take it for every `require` too, and pg could not load its own pool.
const conditions = ['caching-patterns:source', 'node']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{library,services,lab,local-servers}/test/**/*.test.ts'],
    globalSetup: 'vitest.setup.ts',
    // Many tests wait for processes of their own: with two workers both cores would idle at times.
    maxWorkers: 3,
    testTimeout: 20_000,
    // Of processes and servers on a machine that others use too: one may get no core for a while.
    retry: process.env.CI ? 1 : 0,
    hookTimeout: 60_000,
  },
})
