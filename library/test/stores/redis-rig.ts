import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Store } from 'caching-patterns'
import { redisOptions, redisStore } from 'caching-patterns/redis'
import type { ContractCase, SuiteOptions } from 'caching-patterns/testing'
import { createClient } from 'redis'
import { describe, test } from 'vitest'

/** A connected client. The store attaches the listener for errors. */
export async function connect(url: string) {
  const client = createClient(redisOptions(url))
  redisStore({ client })
  return client.connect()
}

/** Gives every test a store with keys of its own, so that tests of one server can run at once. Time really passes. */
export function harnessOf<S extends Store>(storeOf: () => S): SuiteOptions<S> {
  return {
    async create() {
      const prefix = `test-${randomBytes(6).toString('hex')}:`
      return {
        store: prefixed(storeOf(), prefix),
        advance: (ms) => wait(ms),
        close: async () => {},
      }
    },
  }
}

/** A contract as tests that run at once: most of them wait for something to expire. */
export function describeContract(title: string, cases: readonly ContractCase[]): void {
  describe.concurrent(title, { timeout: 60_000 }, () => {
    for (const { title: promise, run } of cases) test(promise, run)
  })
}

/** The same store with `prefix` before every key. */
function prefixed<S extends Store>(store: S, prefix: string): S {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (first: string | string[] | undefined, ...rest: unknown[]) => {
        const given = Array.isArray(first) ? first.map((key) => prefix + key) : prefix + first
        return member.call(target, given, ...rest)
      }
    },
  })
}
