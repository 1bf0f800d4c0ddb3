import type { Store } from '../contract/store.ts'
import { StoreBench } from './store-cases/bench.ts'
import { claimingCases } from './store-cases/claiming.ts'
import { invalidatingCases } from './store-cases/invalidating.ts'
import { leaseCases } from './store-cases/leases.ts'
import { markCases } from './store-cases/marks.ts'
import { publishingCases } from './store-cases/publishing.ts'
import { readingCases } from './store-cases/reading.ts'
import { refreshingCases } from './store-cases/refreshing.ts'
import { type ContractCase, type SuiteOptions, testsOf } from './suite.ts'

/**
 * What every store must do: each operation in each state of a key, as `docs/architecture.md` tells
 * it. Data, for any runner; `create` makes an empty store for each test.
 *
 * ```ts
 * for (const { title, run } of storeContract({ create })) test(title, run)
 * ```
 */
export function storeContract(options: SuiteOptions<Store>): readonly ContractCase[] {
  return testsOf(options, (harness) => new StoreBench(harness), [
    ...readingCases,
    ...leaseCases,
    ...markCases,
    ...publishingCases,
    ...invalidatingCases,
    ...claimingCases,
    ...refreshingCases,
  ])
}
