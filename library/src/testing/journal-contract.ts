import type { JournalingStore } from '../contract/journal.ts'
import { acceptingCases } from './journal-cases/accepting.ts'
import { JournalBench } from './journal-cases/bench.ts'
import { claimingCases } from './journal-cases/claiming.ts'
import { deadLetterCases } from './journal-cases/dead-letters.ts'
import { figuresCases } from './journal-cases/figures.ts'
import { flushingCases } from './journal-cases/flushing.ts'
import { guardingCases } from './journal-cases/guarding.ts'
import { preconditionCases } from './journal-cases/preconditions.ts'
import { type ContractCase, type SuiteOptions, testsOf } from './suite.ts'

/**
 * What every store with a journal must do, in addition to `storeContract`: what it accepts, that
 * a dirty entry stays whatever the cache does, and how it becomes clean, or a dead letter.
 */
export function journalContract(options: SuiteOptions<JournalingStore>): readonly ContractCase[] {
  return testsOf(options, (harness) => new JournalBench(harness), [
    ...preconditionCases,
    ...acceptingCases,
    ...guardingCases,
    ...claimingCases,
    ...flushingCases,
    ...figuresCases,
    ...deadLetterCases,
  ])
}
