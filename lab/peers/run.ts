import { inLanes } from '../bench/lanes.ts'
import type { Form, Peer } from './peer.ts'
import type { Finding, Scenario } from './scenario.ts'
import { openStage } from './stage.ts'

/** What came of one form of a peer in one scenario. */
export interface Result {
  readonly peer: string
  readonly form: string
  readonly scenario: string
  readonly findings: readonly Finding[]
}

/** What to play, and how. */
export interface Program {
  readonly peers: readonly Peer[]
  readonly scenarios: readonly Scenario[]
  readonly ttlMs: number
  /** How many scenarios run at a time, each on a Redis of its own; half as many of those that are timed. Most of their time is waiting. */
  readonly lanes: number
  readonly onResult: (result: Result, left: number) => void
}

const sceneWithinMs = 90_000

/** Plays every scenario with every form of every peer. One that fails, or does not end, fills its cells with that. */
export async function run(program: Program): Promise<Result[]> {
  const { peers, scenarios, ttlMs, lanes, onResult } = program
  const scenes = scenarios.flatMap((scenario) =>
    peers.flatMap((peer) => peer.forms.map((form) => ({ scenario, peer: peer.name, form }))),
  )
  const results: Result[] = []
  for (const isTimed of [true, false]) {
    const some = scenes.filter(({ scenario }) => scenario.isTimed === isTimed)
    const width = isTimed ? Math.ceil(lanes / 2) : lanes
    await inLanes(some, width, async ({ scenario, peer, form }) => {
      const findings = await play(scenario, peer, form, ttlMs)
      const result = { peer, form: form.name, scenario: scenario.name, findings }
      results.push(result)
      onResult(result, scenes.length - results.length)
    })
  }
  return results
}

async function play(
  scenario: Scenario,
  peer: string,
  form: Form,
  ttlMs: number,
): Promise<readonly Finding[]> {
  const stage = await openStage(peer, form, ttlMs)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`not done in ${sceneWithinMs / 1_000} s`)
    timer = setTimeout(reject, sceneWithinMs, error)
  })
  try {
    return await Promise.race([scenario.play(stage), late])
  } catch (error) {
    const { message } = error as Error
    return scenario.columns.map((column) => ({ column, cell: 'not played', measured: { message } }))
  } finally {
    clearTimeout(timer)
    await stage.close()
  }
}
