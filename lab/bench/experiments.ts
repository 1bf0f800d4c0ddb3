import type { Experiment } from './experiment.ts'
import { writeBehindHot } from './experiments/write-behind-hot.ts'
import { writeBehindMemory } from './experiments/write-behind-memory.ts'
import { writeBehindOutage } from './experiments/write-behind-outage.ts'

/** All experiments, in the order in which they run, after the groups. */
export const experiments: readonly Experiment[] = [
  writeBehindHot,
  writeBehindMemory,
  writeBehindOutage,
]
