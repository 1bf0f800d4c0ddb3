import type { FlushableSource, FlushRow, WriteContext } from 'caching-patterns'

const journal = 'test:1:'

/** Flushes rows as a process that has just taken their partition. */
export async function flushOnce<Key>(
  source: FlushableSource<Key, never> | FlushableSource<Key, object>,
  rows: readonly Omit<FlushRow<Key>, 'partition'>[],
  context: WriteContext = { deadlineAt: Date.now() + 10_000 },
) {
  const inTime = { deadlineAt: Math.max(context.deadlineAt, Date.now()) + 10_000 }
  const [epoch = 0] = await source.raiseEpochs(journal, [0], inTime)
  return source.flush(
    rows.map((row) => ({ ...row, partition: 0 })),
    { ...context, fence: { journal, epochs: new Map([[0, epoch]]) } },
  )
}
