import { setTimeout as delay } from 'node:timers/promises'
import {
  type Fault,
  type FaultProxy,
  findPrograms,
  type LocalServer,
  startFaultProxy,
  startPostgres,
  startRedis,
} from '@caching-patterns/local-servers'
import { refuseWithout } from './backends.ts'
import type { Random } from './random.ts'

/** A Redis and a PostgreSQL that services reach over lines that break. */
export interface FlappingServers {
  /** What tells a service of them. */
  readonly environment: Readonly<Record<string, string>>
  /** Takes one after the other away until the signal comes; then all is well. Answers how often each thing happened. */
  flap(random: Random, signal: AbortSignal): Promise<Readonly<Record<string, number>>>
  close(): Promise<void>
}

interface Target {
  readonly name: string
  readonly server: LocalServer
  readonly line: FaultProxy
}

/** Breaks a target, and answers what mends it. */
type Way = (target: Target) => Promise<() => Promise<unknown>>

/** Starts both, as the services of a soak need them. Throws a `Failure` where they are not installed. */
export async function startFlappingServers(): Promise<FlappingServers> {
  refuseWithout(findPrograms())
  const settings = { appendonly: 'yes', appendfsync: 'always' }
  const starting = [startRedis({ settings }), startPostgres()] as const
  const started = await Promise.allSettled(starting)
  const stop = async () => {
    for (const each of started) if (each.status === 'fulfilled') await each.value.stop()
  }
  if (started.some(({ status }) => status === 'rejected')) await stop()
  const [redis, postgres] = await Promise.all(starting)
  const [redisLine, postgresLine] = await Promise.all([
    startFaultProxy({ port: redis.port }),
    startFaultProxy({ port: postgres.port }),
  ])
  const targets = [
    { name: 'Redis', server: redis, line: redisLine },
    { name: 'PostgreSQL', server: postgres, line: postgresLine },
  ]
  return {
    environment: {
      REDIS_URL: `redis://127.0.0.1:${redisLine.port}`,
      DATABASE_URL: `postgres://postgres@127.0.0.1:${postgresLine.port}/postgres`,
    },
    flap: (random, signal) => flap(targets, random, signal),
    async close() {
      await Promise.all([redisLine.stop(), postgresLine.stop()])
      await stop()
    },
  }
}

const ways: Readonly<Record<string, Way>> = {
  'connections refused': brokenLine({ kind: 'refuse' }),
  'connections reset': brokenLine({ kind: 'reset' }),
  'a black hole': brokenLine({ kind: 'black-hole' }),
  'answers 300 ms late': brokenLine({ kind: 'latency', ms: 150 }),
  'answers dropped': brokenLine({ kind: 'drop-reply' }),
  frozen: async ({ server }) => {
    server.pause()
    return async () => server.resume()
  },
  killed: async ({ server }) => {
    await server.kill()
    return () => server.restart()
  },
}

function brokenLine(fault: Fault): Way {
  return async ({ line }) => {
    await line.set(fault)
    return () => line.set(undefined)
  }
}

const wellForMs = { from: 1_000, to: 3_000 }
const awayForMs = { from: 500, to: 2_500 }

async function flap(
  targets: readonly Target[],
  random: Random,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const happened: Record<string, number> = {}
  const names = Object.keys(ways)
  const between = ({ from, to }: typeof wellForMs) => from + random() * (to - from)
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined)
  while (!signal.aborted) {
    await pause(between(wellForMs))
    if (signal.aborted) break
    const target = targets[Math.floor(random() * targets.length)] as Target
    const name = names[Math.floor(random() * names.length)] as string
    const mend = await (ways[name] as Way)(target)
    await pause(between(awayForMs))
    await mend()
    const what = `${target.name}: ${name}`
    happened[what] = (happened[what] ?? 0) + 1
  }
  return happened
}
