import { seededRandom } from '../../soak/random.ts'
import type { Cast } from '../cast.ts'
import { subjectNames, subjectOf } from '../subjects.ts'
import { type BookKeeper, bookKeeper } from './books.ts'
import { type Campaign, campaign } from './campaign.ts'
import { runLedgerPhase, usersInPhase } from './phase.ts'
import { brokenLedger, changedSince, type LedgerResult } from './promises.ts'

/** What became of a run, phase by phase, and what was found. */
export interface LedgerOutcome {
  readonly phases: readonly LedgerResult[]
  readonly findings: readonly string[]
}

const shownChanges = 10

/** The faults of a run of so many seconds. */
export function ledgerCampaign({
  name,
  args,
  seconds,
  processes: members,
}: CampaignTerms): Campaign {
  const random = seededRandom(args.seed, subjectNames.indexOf(name))
  return campaign(subjectOf(name), { seconds, members, random })
}

type CampaignTerms = Pick<Cast, 'name' | 'args' | 'seconds' | 'processes'>

/** Users that have to be there for all phases. */
export function ledgerUsers({ rounds }: Campaign): number {
  return rounds.length * usersInPhase
}

/** Carries out a campaign; in the end looks once more at what the phases left. */
export async function runLedger(cast: Cast, plan: Campaign): Promise<LedgerOutcome> {
  const { name, args, servers, members } = cast
  const { schema, isControl = false } = subjectOf(name)
  const { redis, databaseUrl } = servers
  const books = bookKeeper({ redis, databaseUrl, schema })
  await books.refusePoison()
  const startedAt = performance.now()
  const phases: LedgerResult[] = []
  const settled = new Map<string, number | null>()
  for (const [index, round] of plan.rounds.entries()) {
    const first = 1 + index * usersInPhase
    const { result, rows, absent } = await runLedgerPhase({
      ...{ round, members, servers, books, startedAt, clients: cast.clients },
      seeds: [args.seed, subjectNames.indexOf(name), index],
      ids: Array.from({ length: usersInPhase }, (_, offset) => first + offset),
      serial: phases.at(-1)?.serial ?? 0,
    })
    phases.push(result)
    for (const { key, version } of rows) settled.set(key, version)
    for (const key of absent) settled.set(key, null)
    cast.onPhase(result)
  }
  const kills = members.reduce((sum, member) => sum + member.kills, 0)
  const run = { isControl, fsync: args.fsync, kills, least: plan.least }
  const late = isControl ? [] : await lateFindings(books, { settled, fsync: args.fsync })
  return { phases, findings: [...brokenLedger(run, phases), ...late] }
}

/** Of what shows at the end alone. A Redis that may lose writes may lose the index or the entries of a few. */
async function lateFindings(
  books: BookKeeper,
  { settled, fsync }: LateTerms,
): Promise<readonly string[]> {
  const gone = await books.journalLost()
  const isCounted = gone > 0 && fsync === 'always'
  const counted = isCounted ? [`the journal counts ${gone} accepted writes as lost`] : []
  const rows = await books.standing([...settled.keys()].map(Number))
  const changes = changedSince(settled, new Map(rows.map(({ key, version }) => [key, version])))
  const rest = changes.length - shownChanges
  const more = rest > 0 ? [`and ${rest} more rows`] : []
  return [...counted, ...changes.slice(0, shownChanges), ...more]
}

interface LateTerms {
  readonly settled: ReadonlyMap<string, number | null>
  readonly fsync: 'always' | 'everysec'
}
