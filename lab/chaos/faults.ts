import { setTimeout as delay } from 'node:timers/promises'
import type { LocalServer } from '@caching-patterns/local-servers'
import type { Member } from './member.ts'
import { type MemberStep, nameOf, type Plan, type ServerStep } from './plan.ts'
import { evict, flush, type Servers } from './servers.ts'

/** One fault, as it was planned and as it went. */
export interface FaultRecord {
  readonly name: string
  /** The process that it was for; undefined: a server. */
  readonly process?: string
  /** Since the run began. */
  readonly atMs: number
  readonly forMs: number
  /** It had an effect: the proxy, the server or the process says so. */
  readonly hasHappened: boolean
}

const defaultPatienceMs = 4_000
const pollMs = 5
/** Connections come back, breakers close. */
const recoveryMs = 350
const defaultGapMs = { members: recoveryMs, servers: recoveryMs }

/** Does what was planned, in all lanes at once; resolves when all is done, and undone. */
export async function execute(
  plan: Plan,
  {
    members,
    servers,
    startedAt,
  }: { members: readonly Member[]; servers: Servers; startedAt: number },
): Promise<FaultRecord[]> {
  const records: FaultRecord[] = []
  const calm = new Calm(plan.patienceMs ?? defaultPatienceMs)
  const { members: memberGapMs, servers: serverGapMs } = plan.gapMs ?? defaultGapMs
  const record = async (name: string, member: Member | undefined, work: () => Promise<boolean>) => {
    const begunAt = performance.now()
    const hasHappened = await work()
    records.push({
      name,
      ...(member && { process: member.name }),
      atMs: Math.round(begunAt - startedAt),
      forMs: Math.round(performance.now() - begunAt),
      hasHappened,
    })
    await delay(member === undefined ? serverGapMs : memberGapMs)
  }
  const lanes = members.map(async (member, index) => {
    const steps = [...(plan.members[index] ?? [])]
    member.expectDeaths(steps.filter(isDeath).length)
    while (steps.length > 0) {
      // Until a successor is there, what needs none comes first.
      const ready = steps.findIndex((step) => !isDeath(step) || member.isReplaceable)
      const [step] = steps.splice(Math.max(0, ready), 1)
      if (step === undefined) return
      if (ready < 0) await member.becomesReplaceable()
      await record(nameOf(step), member, () => onMember(member, step, calm))
    }
  })
  const serverLane = async () => {
    for (const step of plan.servers) {
      await delay(recoveryMs)
      await record(nameOf(step), undefined, () => calm.without(() => onServers(servers, step)))
    }
  }
  await Promise.all([...lanes, serverLane()])
  return records
}

function isDeath({ kind }: MemberStep): boolean {
  return kind === 'kill' || kind === 'failpoint'
}

async function onMember(member: Member, step: MemberStep, calm: Calm): Promise<boolean> {
  switch (step.kind) {
    case 'line': {
      const proxy = member.life.proxies[step.side]
      const before = proxy.happened[step.fault.kind]
      const hasStruck = () => proxy.happened[step.fault.kind] > before
      // Nobody connects to a line that is closed: what refuses has to find somebody.
      if (step.fault.kind === 'refuse') await calm.until(() => proxy.connections > 0)
      await proxy.set(step.fault)
      await delay(step.ms)
      await calm.until(hasStruck)
      await proxy.set(undefined)
      return hasStruck()
    }
    case 'kill':
      await member.replace()
      return true
    case 'failpoint': {
      const { life } = member
      life.arm(step.failpoint)
      await calm.until(() => life.hasEnded)
      life.disarm()
      if (life.hasEnded) await member.replace()
      return life.hasEnded
    }
    case 'pause': {
      const { life } = member
      if (step.at !== undefined) {
        life.arm(step.at, 'SIGSTOP')
        await calm.until(() => life.hasMetFailpoint)
        life.disarm()
      }
      const hasMet = step.at === undefined || life.hasMetFailpoint
      life.signal('SIGSTOP')
      await delay(step.ms)
      life.signal('SIGCONT')
      return hasMet && !life.hasEnded
    }
  }
}

async function onServers(servers: Servers, step: ServerStep): Promise<boolean> {
  const { redis, postgres } = servers
  switch (step.kind) {
    case 'pause-server': {
      const server = servers[step.side]
      server.pause()
      try {
        await delay(step.ms)
      } finally {
        server.resume()
      }
      return true
    }
    case 'flush':
      return (await flush(redis)) > 0
    case 'evict':
      return (await evict(redis)) > 0
    case 'restart-redis':
      return startAnew(redis, { signal: 'SIGKILL', awayMs: 0 })
    case 'kill-postgres':
      return startAnew(postgres, { signal: 'SIGKILL', awayMs: 0 })
    case 'stop-postgres':
      return startAnew(postgres, { signal: 'SIGQUIT', awayMs: step.ms })
  }
}

async function startAnew(
  server: LocalServer,
  { signal, awayMs }: { readonly signal: 'SIGKILL' | 'SIGQUIT'; readonly awayMs: number },
): Promise<boolean> {
  const { pid } = server
  await server.kill(signal)
  await delay(awayMs)
  await server.restart()
  return server.pid !== pid
}

/** Says when the servers are there: what waits for one of them must not lose its patience meanwhile. */
class Calm {
  readonly #patienceMs: number
  #disturbances = 0

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  async without<T>(work: () => Promise<T>): Promise<T> {
    this.#disturbances += 1
    try {
      return await work()
    } finally {
      this.#disturbances -= 1
    }
  }

  /** Resolves when it is true, or has not become true in a calm that long. */
  async until(isTrue: () => boolean): Promise<void> {
    let leftMs = this.#patienceMs
    for (let now = performance.now(); !isTrue() && leftMs > 0; ) {
      await delay(pollMs)
      const before = now
      now = performance.now()
      if (this.#disturbances === 0) leftMs -= now - before
    }
  }
}
