import { setTimeout as delay } from 'node:timers/promises'
import type { FaultProxy } from '@caching-patterns/local-servers'
import type { Instance } from '../instance.ts'
import type { Outcome } from '../messages.ts'
import type { Row } from '../peer.ts'
import type { Finding, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { type Staleness, stalenessText, watch } from '../staleness.ts'
import { loadsText } from './many-callers.ts'

type Three = [Instance, Instance, Instance]

const loadMs = 50
/** Of the bus, at most: some calls wait until their message is sent. */
const cutForMs = 1_000

/** Three processes on one Redis: all hold a row, one of them changes it; then all miss another at once. */
export const threeProcesses: Scenario = {
  number: 5,
  name: '3 processes on one Redis',
  isTimed: false,
  columns: ['others, after invalidate', 'others, after set', '3 processes, cold key'],
  async play(stage) {
    const instances = (await stage.openWarm([undefined, undefined, undefined])) as Three
    const [writer] = instances
    // What runs for the first time is slow, and would count as a part of the TTL.
    await change('', stage, instances, (key) => writer.invalidate(key))
    return [
      await change('others, after invalidate', stage, instances, (key) => writer.invalidate(key)),
      await change('others, after set', stage, instances, (key, row) => writer.set(key, row)),
      await coldKey(stage, instances),
    ]
  },
}

/** One process changes a row while the bus of the others, or its own, is cut; then the line is mended. */
export const missedMessage: Scenario = {
  number: 7,
  name: 'missed message of the bus',
  isTimed: false,
  columns: ['subscriber cut off', 'publisher cut off'],
  async play(stage) {
    const { tiers } = stage.form
    if (!tiers.includes('bus')) {
      const cell = tiers === 'Redis' ? 'needs none' : 'has none'
      return this.columns.map((column) => ({ column, cell }))
    }
    const [mine, others] = [await stage.proxy(), await stage.proxy()]
    const three = (await stage.openWarm([mine.port, others.port, others.port])) as Three
    return [
      await whileCut('subscriber cut off', others, stage, three),
      await whileCut('publisher cut off', mine, stage, three),
    ]
  },
}

async function whileCut(
  column: string,
  line: FaultProxy,
  stage: Stage,
  three: Three,
): Promise<Finding> {
  return change(column, stage, three, async (key) => {
    await line.set({ kind: 'refuse' })
    const told = three[0].invalidate(key)
    await Promise.race([told, delay(cutForMs)])
    await line.set(undefined)
    return told
  })
}

async function change(
  column: string,
  { rows, ttlMs }: Stage,
  [writer, ...others]: Three,
  tell: (key: string, row: Row) => Promise<Outcome>,
): Promise<Finding> {
  const key = `row-${column.replaceAll(/\W+/g, '-')}`
  for (const instance of [writer, ...others]) await instance.get(key)
  const row = rows.write(key)
  const told = await tell(key, row)
  const since = performance.now()
  const watched = await Promise.all(
    others.map((other) =>
      watch({ get: () => other.get(key), version: row.version, since, withinMs: 3 * ttlMs }),
    ),
  )
  return {
    column,
    cell: stalenessText(stalest(watched), ttlMs),
    measured: { told, others: watched },
  }
}

/** The one that readers would complain about: no row at all first, then the longest. */
function stalest(watched: readonly Staleness[]): Staleness {
  const rank = ({ first, staleMs }: Staleness) =>
    first.kind === 'row' ? staleMs : Number.POSITIVE_INFINITY
  return watched.reduce((worst, each) => (rank(each) > rank(worst) ? each : worst))
}

async function coldKey({ rows }: Stage, instances: Three): Promise<Finding> {
  rows.delayMs = loadMs
  await Promise.all(instances.map((instance) => instance.get('cold')))
  const loads = rows.loadsOf('cold')
  return { column: '3 processes, cold key', cell: loadsText(loads), measured: { loads } }
}
