import type { ScriptCall, ScriptRunner } from '../script.ts'
import type { Partition } from './partitions.ts'

/** One script for each partition, all sent at once; the answers in their order. */
export function runEach(
  runner: ScriptRunner,
  partitions: readonly Partition[],
  call: (partition: Partition) => ScriptCall,
): Promise<readonly unknown[]> {
  return Promise.all(partitions.map((partition) => runner.run(...call(partition))))
}
