import type { Instance } from '../instance.ts'
import type { Outcome } from '../messages.ts'
import type { Row } from '../peer.ts'
import type { Finding, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { stalenessText, watch } from '../staleness.ts'

/** How long the cache may take to be told before the load goes on: some may wait for the load. */
const toldWithinMs = 1_000

/** A load reads a row, the row changes, the cache is told and has answered, the load answers; then others read. */
export const invalidationDuringLoad: Scenario = {
  number: 1,
  name: 'invalidation during a load',
  isTimed: false,
  columns: ['invalidated', 'by another process'],
  async play(stage) {
    const [reader, other] = (await stage.openWarm([undefined, undefined])) as [Instance, Instance]
    const invalidate = (instance: Instance) => (key: string) =>
      instance.invalidate(key, toldWithinMs)
    return [
      await during('invalidated', stage, reader, invalidate(reader)),
      await during('by another process', stage, reader, invalidate(other)),
    ]
  },
}

/** The same, with the new row given to the cache instead. */
export const setDuringLoad: Scenario = {
  number: 2,
  name: 'set during a load',
  isTimed: false,
  columns: ['set'],
  async play(stage) {
    const [reader] = (await stage.openWarm([undefined])) as [Instance]
    return [await during('set', stage, reader, (key, row) => reader.set(key, row, toldWithinMs))]
  },
}

async function during(
  column: string,
  { rows, ttlMs }: Stage,
  reader: Instance,
  tell: (key: string, row: Row) => Promise<Outcome>,
): Promise<Finding> {
  const key = `row-${column.replaceAll(' ', '-')}`
  const hold = rows.hold(key)
  const early = reader.get(key)
  const begun = await Promise.race([hold.begun.then(() => 'load' as const), early])
  if (begun !== 'load') return { column, cell: 'does not load', measured: { early: begun } }
  const row = rows.write(key)
  const told = await tell(key, row)
  hold.release()
  const answered = await early
  const since = performance.now()
  const get = () => reader.get(key)
  const staleness = await watch({
    get,
    version: row.version,
    since,
    withinMs: 3 * ttlMs,
  })
  return {
    column,
    cell: stalenessText(staleness, ttlMs),
    measured: { told, early: answered, ...staleness },
  }
}
