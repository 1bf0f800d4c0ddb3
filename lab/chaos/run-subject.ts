import { resolve } from 'node:path'
import { freePort, type LocalPostgres } from '@caching-patterns/local-servers'
import { seededRandom } from '../soak/random.ts'
import type { ChaosArguments } from './arguments.ts'
import { type Audit, openAudit } from './audit.ts'
import type { LifeOptions, Place } from './life.ts'
import { Member } from './member.ts'
import { type PhaseKind, type PhaseResult, runPhase } from './phase.ts'
import { Planner } from './plan.ts'
import { brokenPromises, ttlSeconds } from './promises.ts'
import { openServers, type Servers } from './servers.ts'
import type { ServiceCommand } from './service.ts'
import { type SubjectName, subjectNames, subjects } from './subjects.ts'

/** What became of one pattern. */
export interface SubjectResult {
  readonly name: SubjectName
  readonly phases: readonly PhaseResult[]
  readonly kills: number
  /** Promises that were broken, and faults that did not happen. */
  readonly findings: readonly string[]
}

const workspace = resolve(import.meta.dirname, '../../..')
/** A round ends with a check: so much history is held at a time. */
const longest = { kept: 20, lost: 10 }
const keptShare = 0.62
const usersPerPhase = 400
const patienceMs = 1_500

/** Starts a pattern's processes on servers of its own, breaks what was planned, and checks what clients saw. */
export async function runSubject(
  name: SubjectName,
  args: ChaosArguments,
  postgres: LocalPostgres,
): Promise<SubjectResult> {
  const servers = await openServers(name, postgres)
  const members: Member[] = []
  let audit: Audit | undefined
  try {
    const rounds = roundsOf(name, args.secondsEach)
    const seedUsers = rounds.length * usersPerPhase
    await startMembers(members, { name, args, servers, seedUsers })
    audit = await openAudit(servers.databaseUrl, subjects[name].schema)
    const phases = await runPhases({ name, args, servers, members, audit, rounds })
    const kills = members.reduce((sum, member) => sum + member.kills, 0)
    for (const member of members) member.noteCrash()
    const crashes = members.flatMap((member) => member.crashes)
    return { name, phases, kills, findings: [...brokenPromises(name, phases), ...crashes] }
  } finally {
    await Promise.all(members.map((member) => member.stop()))
    await audit?.close()
    await servers.redis.stop()
    await postgres.dropDatabase(name)
  }
}

interface Cast {
  readonly name: SubjectName
  readonly args: ChaosArguments
  readonly servers: Servers
}

async function runPhases(
  cast: Cast & {
    readonly members: readonly Member[]
    readonly audit: Audit
    readonly rounds: readonly Round[]
  },
): Promise<PhaseResult[]> {
  const { name, args, rounds, members } = cast
  const subject = subjects[name]
  const { seed, clients } = args
  const pattern = subjectNames.indexOf(name)
  const planner = new Planner(subject, seededRandom(seed, pattern))
  const startedAt = performance.now()
  const phases: PhaseResult[] = []
  for (const [index, { kind, seconds, isSpare }] of rounds.entries()) {
    if (isSpare && phases.some(({ olderThanConfirmed }) => olderThanConfirmed > 0)) break
    const plan = planner[kind](members.length, seconds * 1_000)
    const first = 1 + index * usersPerPhase
    const ids = Array.from({ length: usersPerPhase }, (_, offset) => first + offset)
    const serial = phases.at(-1)?.serial ?? 0
    const seeds = [seed, pattern, index]
    const options = {
      ...cast,
      subject,
      kind,
      seconds,
      plan,
      ids,
      serial,
      seeds,
      clients,
      startedAt,
    }
    phases.push(await runPhase(options))
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

async function startMembers(
  members: Member[],
  { name, args, servers, seedUsers }: Cast & { readonly seedUsers: number },
): Promise<void> {
  const options: LifeOptions = {
    redisPort: servers.redis.port,
    databaseUrl: servers.databaseUrl,
    hashes: servers.hashes,
    patienceMs,
    connections: args.clients,
    pickPort: freePort,
    command: (place) => command(name, place, { seedUsers, hasOutbox: args.hasOutbox }),
  }
  const starting = Array.from({ length: args.processes }, async (_, index) => {
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
  const isControl = name === 'naive'
  return {
    name,
    args: isControl ? ['lab/dist/chaos/naive-service.js'] : ['services/dist/cli.js', name],
    folder: workspace,
    environment: {
      PORT: String(port),
      LOG_LEVEL: 'fatal',
      SEED_USERS: String(seedUsers),
      REDIS_URL: redis,
      DATABASE_URL: database,
      ...(isControl ? { CACHE_TTL_S: String(ttlSeconds) } : { CACHE_TTL: `${ttlSeconds}s` }),
      ...(hasOutbox && !isControl && { OUTBOX: 'on' }),
    },
  }
}
