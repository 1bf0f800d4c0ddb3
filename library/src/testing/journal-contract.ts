import type { JournalingStore } from '../contract/journal.ts'
import { acceptingCases } from './journal-cases/accepting.ts'
import { JournalBench } from './journal-cases/bench.ts'
import { claimingCases } from './journal-cases/claiming.ts'
import { deadLetterCases } from './journal-cases/dead-letters.ts'
import { figuresCases } from './journal-cases/figures.ts'
import { flushingCases } from './journal-cases/flushing.ts'
import { freeingCases } from './journal-cases/freeing.ts'
import { guardingCases } from './journal-cases/guarding.ts'
import { owningCases } from './journal-cases/owning.ts'
import { preconditionCases } from './journal-cases/preconditions.ts'
import { progressCases } from './journal-cases/progress.ts'
import { reservingCases } from './journal-cases/reserving.ts'
import { retryingCases } from './journal-cases/retrying.ts'
import { urgentCases } from './journal-cases/urgent.ts'
import { type ContractCase, type SuiteOptions, testsOf } from './suite.ts'

/**
 * What every store with a journal must do, in addition to `storeContract`: what it accepts, that
 * a dirty entry stays whatever the cache does, how it becomes clean, or a dead letter, and who may
 * flush it.
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
    ...owningCases,
    ...urgentCases,
    ...freeingCases,
    ...progressCases,
    ...retryingCases,
    ...reservingCases,
  ])
}
