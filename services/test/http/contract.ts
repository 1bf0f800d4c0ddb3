import { afterAll, beforeAll, describe } from 'vitest'
import { journaling } from './contract-journal.ts'
import { operations } from './contract-operations.ts'
import { reading } from './contract-reading.ts'
import { refusals } from './contract-refusals.ts'
import { type RunningService, subjectOf, type Traits } from './contract-subject.ts'
import { waiting } from './contract-waiting.ts'
import { writing } from './contract-writing.ts'

/** The contract of the five services, over HTTP alone: no test knows what answers at `url`. */
export function httpContract(traits: Traits, start: () => Promise<RunningService>): void {
  describe(traits.pattern, () => {
    let service: RunningService
    beforeAll(async () => {
      service = await start()
    })
    afterAll(() => service?.close())

    const subject = subjectOf(traits, () => service)
    reading(subject)
    writing(subject)
    waiting(subject)
    refusals(subject)
    operations(subject)
    journaling(subject)
  })
}
