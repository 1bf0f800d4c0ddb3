import type { Instance } from '../instance.ts'
import type { Finding, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { outcomeText, time } from '../staleness.ts'

const recoveredWithinMs = 10_000

/** An application starts while Redis is down; then Redis comes. */
export const downAtStart: Scenario = {
  number: 6,
  name: 'Redis down at the start',
  isTimed: true,
  columns: ['down at start: miss', 'stores again'],
  async play(stage) {
    await stage.redis.kill()
    const instance = await stage.open()
    const miss = await instance.get('cold')
    await stage.redis.restart()
    return [
      { column: 'down at start: miss', cell: outcomeText(miss), measured: miss },
      await recovery('stores again', stage, instance),
    ]
  },
}

/** Redis is killed under an application that has cached one row and not another; then Redis comes back, empty. */
export const killed: Scenario = {
  number: 6,
  name: 'Redis killed',
  isTimed: true,
  columns: ['killed: hit', 'killed: miss', 'stores again after a kill'],
  play: (stage) =>
    outage(stage, 'killed', {
      begin: () => stage.redis.kill(),
      end: () => stage.redis.restart(),
      recovered: 'stores again after a kill',
    }),
}

/** Redis is stopped by SIGSTOP: connections stay, nothing is answered; then it goes on. */
export const frozen: Scenario = {
  number: 6,
  name: 'Redis frozen',
  isTimed: true,
  columns: ['frozen: hit', 'frozen: miss', 'stores again after a freeze'],
  play: (stage) =>
    outage(stage, 'frozen', {
      begin: () => stage.redis.pause(),
      end: () => stage.redis.resume(),
      recovered: 'stores again after a freeze',
    }),
}

interface Outage {
  begin(): void | Promise<void>
  end(): void | Promise<void>
  readonly recovered: string
}

async function outage(
  stage: Stage,
  name: string,
  { begin, end, recovered }: Outage,
): Promise<readonly Finding[]> {
  const [instance] = (await stage.openWarm([undefined])) as [Instance]
  // Asked for once more shortly before: what expires meanwhile is no hit.
  await instance.get('warm')
  await begin()
  const [hit, miss] = await Promise.all([instance.get('warm'), instance.get('cold')])
  await end()
  return [
    { column: `${name}: hit`, cell: outcomeText(hit), measured: hit },
    { column: `${name}: miss`, cell: outcomeText(miss), measured: miss },
    await recovery(recovered, stage, instance),
  ]
}

async function recovery(column: string, stage: Stage, instance: Instance): Promise<Finding> {
  const ms = await stage.timeToStore(instance, recoveredWithinMs)
  const cell = ms === undefined ? `not in ${recoveredWithinMs / 1_000} s` : time(ms)
  return { column, cell, measured: ms }
}
