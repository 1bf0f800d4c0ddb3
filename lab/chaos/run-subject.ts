import { resolve } from 'node:path'
import { freePort, type LocalPostgres } from '@caching-patterns/local-servers'
import { seededRandom } from '../soak/random.ts'
import { type ChaosArguments, secondsOf } from './arguments.ts'
import { type Audit, openAudit } from './audit.ts'
import type { Cast } from './cast.ts'
import type { LedgerResult } from './ledger/promises.ts'
import { ledgerCampaign, ledgerUsers, runLedger } from './ledger/run.ts'
import type { LifeOptions, Place } from './life.ts'
import { type JournalFigures, Member } from './member.ts'
import { type PhaseKind, type PhaseResult, runPhase } from './phase.ts'
import { Planner } from './plan.ts'
import { brokenPromises, ttlSeconds } from './promises.ts'
import { openServers } from './servers.ts'
import type { ServiceCommand } from './service.ts'
import { type SubjectName, subjectNames, subjectOf } from './subjects.ts'

/** What became of one pattern. */
export interface SubjectResult {
  readonly name: SubjectName
  readonly phases: readonly (PhaseResult | LedgerResult)[]
  readonly kills: number
  /** Of write-behind: what its processes counted, as far as they have said. */
  readonly journal?: JournalFigures
  /** Promises that were broken, and faults that did not happen. */
  readonly findings: readonly string[]
}

const workspace = resolve(import.meta.dirname, '../../..')
/** A round ends with a check: so much history is held at a time. */
const longest = { kept: 20, lost: 10 }
const keptShare = 0.62
const usersPerPhase = 400
const patienceMs = 1_500
/** Of the control of write-behind. */
const controlDelayMs = 200
/** Unless the arguments say otherwise. */
const crews = { ledger: { processes: 3, clients: 64 }, others: { processes: 2, clients: 32 } }

/** Starts a pattern's processes on servers of its own, breaks what was planned, and checks what clients saw. */
export async function runSubject(
  name: SubjectName,
  args: ChaosArguments,
  { postgres, onPhase }: { readonly postgres: LocalPostgres; readonly onPhase: Cast['onPhase'] },
): Promise<SubjectResult> {
  const { hasLedger } = subjectOf(name)
  const servers = await openServers(name, postgres, hasLedger ? args : undefined)
  const members: Member[] = []
  const seconds = secondsOf(name, args)
  const crew = hasLedger ? crews.ledger : crews.others
  const { processes = crew.processes, clients = crew.clients } = args
  const cast = { name, args, seconds, processes, clients, servers, members, onPhase }
  try {
    const { phases, findings } = await (hasLedger ? runBehind(cast) : runOthers(cast))
    const kills = members.reduce((sum, member) => sum + member.kills, 0)
    for (const member of members) member.noteCrash()
    const crashes = members.flatMap((member) => member.crashes)
    const journal = hasLedger ? { journal: Member.journalOf(members) } : {}
    return { name, phases, kills, ...journal, findings: [...findings, ...crashes] }
  } finally {
    await Promise.all(members.map((member) => member.stop()))
    await servers.redis.stop()
    await postgres.dropDatabase(name)
  }
}

type Crew = Cast & { readonly members: Member[] }
type Outcome = Pick<SubjectResult, 'phases' | 'findings'>

async function runBehind(cast: Crew): Promise<Outcome> {
  const plan = ledgerCampaign(cast)
  await startMembers(cast, ledgerUsers(plan))
  return runLedger(cast, plan)
}

async function runOthers(cast: Crew): Promise<Outcome> {
  const { name, servers, seconds } = cast
  const rounds = roundsOf(name, seconds)
  await startMembers(cast, rounds.length * usersPerPhase)
  const audit = await openAudit(servers.databaseUrl, subjectOf(name).schema)
  try {
    const phases = await runPhases(cast, { audit, rounds })
    return { phases, findings: brokenPromises(name, phases) }
  } finally {
    await audit.close()
  }
}

async function runPhases(
  cast: Cast,
  { audit, rounds }: { readonly audit: Audit; readonly rounds: readonly Round[] },
): Promise<PhaseResult[]> {
  const { name, members, servers, clients } = cast
  const { seed } = cast.args
  const pattern = subjectNames.indexOf(name)
  const planner = new Planner(subjectOf(name), seededRandom(seed, pattern))
  const startedAt = performance.now()
  const phases: PhaseResult[] = []
  for (const [index, { kind, seconds, isSpare }] of rounds.entries()) {
    if (isSpare && phases.some(({ olderThanConfirmed }) => olderThanConfirmed > 0)) break
    const plan = planner[kind](members.length, seconds * 1_000)
    const first = 1 + index * usersPerPhase
    const ids = Array.from({ length: usersPerPhase }, (_, offset) => first + offset)
    const serial = phases.at(-1)?.serial ?? 0
    const seeds = [seed, pattern, index]
    const terms = { kind, seconds, plan, ids, serial, seeds, clients, startedAt }
    const phase = await runPhase({ members, servers, audit, ...terms })
    phases.push(phase)
    cast.onPhase(phase)
  }
  return phases
}

interface Round {
  readonly kind: PhaseKind
  readonly seconds: number
  /** Only if nothing was found before. */
  readonly isSpare?: boolean
}

/** Of both kinds, in turn. On a busy machine the control may need longer to show what it is there for. */
function roundsOf(name: SubjectName, seconds: number): Round[] {
  const pairs = Math.max(1, Math.round(seconds / (longest.kept + longest.lost)))
  const each = seconds / pairs
  const kept: Round = { kind: 'kept', seconds: keptShare * each }
  const pair: Round[] = [kept, { kind: 'lost', seconds: (1 - keptShare) * each }]
  const planned = Array.from({ length: pairs }, () => pair).flat()
  const spare = { ...kept, isSpare: true }
  return name === 'naive' ? [...planned, spare, spare] : planned
}

async function startMembers(cast: Crew, seedUsers: number): Promise<void> {
  const { name, args, servers, members, processes, clients } = cast
  const options: LifeOptions = {
    redisPort: servers.redis.port,
    databaseUrl: servers.databaseUrl,
    hashes: servers.hashes,
    patienceMs,
    connections: clients,
    pickPort: freePort,
    command: (place) => command(name, place, { seedUsers, hasOutbox: args.hasOutbox }),
  }
  const starting = Array.from({ length: processes }, async (_, index) => {
    members.push(await Member.start(`${name} ${index + 1}`, options))
  })
  const started = await Promise.allSettled(starting)
  const failed = started.find((each) => each.status === 'rejected')
  if (failed) throw failed.reason
}

function command(
  name: SubjectName,
  { port, redis, database }: Place,
  { seedUsers, hasOutbox }: { readonly seedUsers: number; readonly hasOutbox: boolean },
): ServiceCommand {
  const { isControl = false } = subjectOf(name)
  return {
    name,
    args: [isControl ? 'lab/dist/controls/main.js' : 'services/dist/cli.js', name],
    folder: workspace,
    environment: {
      PORT: String(port),
      LOG_LEVEL: 'fatal',
      SEED_USERS: String(seedUsers),
      REDIS_URL: redis,
      DATABASE_URL: database,
      CACHE_TTL: `${ttlSeconds}s`,
      ...(isControl && { WRITE_DELAY: `${controlDelayMs}ms` }),
      ...(hasOutbox && !isControl && { OUTBOX: 'on' }),
    },
  }
}
