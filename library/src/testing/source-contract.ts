import type { FlushableSource, VersionedSource } from '../contract/source.ts'
import type { Check, ContractValue } from './sources/check.ts'
import { flushCases } from './sources/flush-cases.ts'
import { loadCases } from './sources/load-cases.ts'
import { raceCases } from './sources/race-cases.ts'
import { writeCases } from './sources/write-cases.ts'
import type { ContractCase } from './suite.ts'

export type { ContractValue } from './sources/check.ts'

/** A source that the suite may write to, alone. */
export interface SourceSubject<Source> {
  readonly source: Source
  /** Runs after each test. */
  readonly close?: () => Promise<void>
}

/** How the suite gets its source: anew for each test, or the same over and over, since every test draws its own keys. */
export interface SourceContractOptions<Source> {
  readonly create: () => Promise<SourceSubject<Source>>
}

/** What a source must do for write-through and `ifVersion`, as tests for any runner. */
export function versionedSourceContract<Key>(
  options: SourceContractOptions<VersionedSource<Key, ContractValue>>,
): ContractCase[] {
  return [...loadCases<Key>(), ...writeCases<Key>(), ...raceCases<Key>()].map((contract) =>
    bind(contract, options),
  )
}

/**
 * What a source must do for every pattern, write-behind too, as tests for any runner:
 * `for (const { title, run } of sourceContract({ create })) test(title, run)`.
 */
export function sourceContract<Key>(
  options: SourceContractOptions<FlushableSource<Key, ContractValue>>,
): ContractCase[] {
  return [
    ...versionedSourceContract(options),
    ...flushCases<Key>().map((contract) => bind(contract, options)),
  ]
}

function bind<Source>(
  { title, check }: Check<Source>,
  { create }: SourceContractOptions<Source>,
): ContractCase {
  return {
    title,
    async run() {
      const { source, close } = await create()
      try {
        await check(source)
      } finally {
        await close?.()
      }
    },
  }
}
