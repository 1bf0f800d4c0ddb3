import { hotKey } from './measurements/hot-key.ts'
import { measureKills } from './measurements/kills.ts'
import { measureLag } from './measurements/lag.ts'
import { measureOutages } from './measurements/outages.ts'
import { staleness } from './measurements/staleness.ts'
import type { Notebook } from './notebook.ts'
import type { RoundTerms } from './speed-round.ts'
import type { Stage } from './stage.ts'
import type { RunningSubject } from './subject.ts'

export interface FaultTerms extends RoundTerms {
  readonly stage: Stage
  /** Its servers are frozen and ended; nobody else is on it. */
  readonly breaking: Stage
}

/** What the cache hides from who only reads it, and what of that is left when something breaks. */
export async function faultRound(
  subject: RunningSubject,
  notebook: Notebook,
  terms: FaultTerms,
): Promise<void> {
  const { round, seed, plan, stage, breaking } = terms
  const { name } = subject
  const each = { round, seed: seed + round }
  const { lag, kills, outages } = plan
  await (stage.redis ? farAway(name, notebook, terms) : atHome(subject, notebook, terms))
  notebook.lag.push(...(await measureLag(subject, { ...each, ...lag })))
  notebook.kills.push(...(await measureKills(stage, name, { ...each, ...kills })))
  const found = await measureOutages(breaking, name, { ...each, ...outages })
  notebook.redisFrozen.push(...found.redisFrozen)
  notebook.postgresDown.push(...found.postgresDown)
}

/** With servers some milliseconds away, as they are elsewhere: only then does a load last long enough to meet something. */
async function farAway(
  name: RunningSubject['name'],
  notebook: Notebook,
  { round, seed, plan, stage }: FaultTerms,
): Promise<void> {
  const { processes, writeDelayMs, clients } = plan
  const { users } = plan.staleness
  const { ttlMs } = plan.hotKey
  const subject = await stage.start(name, {
    ...{ users, ttlMs, writeDelayMs, processes, network: 'far' },
  })
  try {
    const terms = { round, seed, clients, ...plan.staleness }
    notebook.staleness.push(await staleness(subject, terms))
    notebook.hotKey.push(await hotKey(subject, { round, key: 1, ...plan.hotKey }))
  } finally {
    await subject.stop()
  }
}

/** Embedded, nothing is far; the process is there already. */
async function atHome(
  subject: RunningSubject,
  notebook: Notebook,
  { round, seed, plan }: FaultTerms,
): Promise<void> {
  const { clients, ttlMs, hotKey: hot } = plan
  const terms = { round, seed, clients, ...plan.staleness }
  notebook.staleness.push(await staleness(subject, terms))
  const forMs = (ttlMs * hot.forMs) / hot.ttlMs
  notebook.hotKey.push(await hotKey(subject, { ...hot, round, key: 1, ttlMs, forMs }))
}
