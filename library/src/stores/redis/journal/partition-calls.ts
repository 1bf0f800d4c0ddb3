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

/** Items by the partition that they are in. */
export function byPartition<Item extends { readonly partition: Partition | number }>(
  items: readonly Item[],
): Map<Item['partition'], Item[]> {
  const groups = new Map<Item['partition'], Item[]>()
  for (const item of items) {
    const group = groups.get(item.partition)
    if (group === undefined) groups.set(item.partition, [item])
    else group.push(item)
  }
  return groups
}
