import type { Scenario } from './scenario.ts'
import { invalidationDuringLoad, setDuringLoad } from './scenarios/load-in-flight.ts'
import { failingLoad, manyCallers } from './scenarios/many-callers.ts'
import { downAtStart, frozen, killed } from './scenarios/outages.ts'
import { missedMessage, threeProcesses } from './scenarios/three-processes.ts'

/** All scenarios, in the order of their columns. */
export const scenarios: readonly Scenario[] = [
  invalidationDuringLoad,
  setDuringLoad,
  manyCallers,
  failingLoad,
  threeProcesses,
  downAtStart,
  killed,
  frozen,
  missedMessage,
]
