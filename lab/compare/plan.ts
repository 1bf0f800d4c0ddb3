import type { ComparisonSettings } from './comparison-result.ts'
import { type KillOptions, standardKills } from './measurements/kills.ts'
import { fullLag, type LagOptions, quickLag } from './measurements/lag.ts'
import { fullOutages, type OutageOptions, quickOutages } from './measurements/outages.ts'

type OfEach<Options> = Omit<Options, 'round' | 'seed'>

/** How long and how often each thing is measured, of each subject. */
export interface Plan extends ComparisonSettings {
  readonly isQuick: boolean
  /** Of the rounds, so many also ask what the cache hides and what breaks: they take longer, and vary less. */
  readonly faultRounds: number
  /** Before all rounds, of each subject: code gets compiled. */
  readonly warmUpMs: number
  readonly readsMs: number
  readonly writesMs: number
  readonly mixed: { readonly warmMs: number; readonly forMs: number }
  readonly hotKey: { readonly clients: number; readonly ttlMs: number; readonly forMs: number }
  readonly staleness: {
    readonly users: number
    readonly writeShare: number
    readonly forMs: number
  }
  readonly lag: OfEach<LagOptions>
  readonly kills: OfEach<KillOptions>
  readonly outages: OfEach<OutageOptions>
}

const settings = { clients: 64, ttlMs: 5_000, writeDelayMs: 1_000 }
const staleness = { users: 16, writeShare: 0.3 }

/** A run whose figures are quoted: less than half an hour. */
export const fullPlan: Omit<Plan, 'processes'> = {
  ...settings,
  isQuick: false,
  perSecond: 600,
  rounds: 5,
  faultRounds: 2,
  warmUpMs: 3_000,
  readsMs: 2_000,
  writesMs: 2_000,
  mixed: { warmMs: 2_500, forMs: 5_000 },
  hotKey: { clients: 100, ttlMs: 1_500, forMs: 4_000 },
  staleness: { ...staleness, forMs: 5_000 },
  lag: { ...fullLag, writes: 100 },
  // Short lives: of users that are written again and again a lost batch is made good by the next one.
  kills: { ...standardKills, kills: 4 },
  outages: { ...fullOutages, forMs: 2_500 },
}

/** Shows that everything runs, in less than three minutes. */
export const quickPlan: Omit<Plan, 'processes'> = {
  ...settings,
  ttlMs: 1_000,
  isQuick: true,
  perSecond: 300,
  rounds: 1,
  faultRounds: 1,
  warmUpMs: 300,
  readsMs: 600,
  writesMs: 600,
  mixed: { warmMs: 600, forMs: 1_200 },
  hotKey: { clients: 50, ttlMs: 1_000, forMs: 1_600 },
  staleness: { ...staleness, forMs: 1_000 },
  lag: quickLag,
  kills: { ...standardKills, kills: 1 },
  outages: { ...quickOutages, forMs: 800 },
}
