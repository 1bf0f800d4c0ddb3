/** Sends a command, and answers what came, as text. */
export type AskRedis = (...command: readonly string[]) => Promise<unknown>

/** What a Redis says about itself. */
export interface RedisFacts {
  readonly version: string
  readonly isReplica: boolean
  readonly isClusterNode: boolean
  readonly servesAllSlots: boolean
  /** What it evicts at its `maxmemory`: `noeviction`, `allkeys-lru`, ... */
  readonly evictionPolicy: string
  /** Bytes that it may hold; 0: as many as there are, or it does not tell. */
  readonly maxMemory: number
  /** `none` without an append-only file, `unknown` where the server keeps its settings to itself. */
  readonly appendfsync: 'none' | 'no' | 'everysec' | 'always' | 'unknown'
}

/** Asks in commands that services of a hosted Redis answer too: of CONFIG nothing else depends. */
export async function readFacts(ask: AskRedis): Promise<RedisFacts> {
  const info = fieldsOf(await ask('INFO'))
  const isClusterNode = info.get('cluster_enabled') === '1'
  const cluster = isClusterNode ? fieldsOf(await ask('CLUSTER', 'INFO')) : undefined
  return {
    version: info.get('redis_version') ?? '',
    isReplica: info.get('role') !== 'master',
    isClusterNode,
    servesAllSlots: cluster === undefined || cluster.get('cluster_state') === 'ok',
    evictionPolicy: info.get('maxmemory_policy') ?? '',
    maxMemory: Number(info.get('maxmemory') ?? 0),
    appendfsync: info.get('aof_enabled') === '1' ? await appendfsyncOf(ask) : 'none',
  }
}

/** Why accepted writes are not safe on a Redis: it throws them away by itself; `undefined` when it does not. */
export function whyWritesVanish({ evictionPolicy }: RedisFacts): string | undefined {
  if (!evictionPolicy.startsWith('allkeys-')) return undefined
  return (
    `its maxmemory-policy ${evictionPolicy} evicts writes that write-behind has accepted: ` +
    'set noeviction or a volatile-* policy'
  )
}

/** What of the accepted writes a crash of Redis loses, in words; `undefined`: nothing. */
export function whatACrashLoses({ appendfsync }: RedisFacts): string | undefined {
  if (appendfsync === 'always') return undefined
  if (appendfsync === 'unknown') {
    return 'whether a crash of Redis loses accepted writes is not known: it does not tell its appendfsync'
  }
  const lost = {
    none: 'all accepted writes that are not yet in the database (appendonly no)',
    no: 'what the system has not written yet (appendfsync no)',
    everysec: 'up to 2 s of accepted writes (appendfsync everysec)',
  }[appendfsync]
  return `a crash of Redis loses ${lost}: appendonly yes with appendfsync always loses none`
}

/** The library's own limit. */
const usualBytes = 64 * 1024 * 1024

/** Bytes of accepted writes that may wait on these servers: half of their memory, at most what is usual. */
export function dirtyBytesOn(facts: readonly RedisFacts[]): number {
  return Math.min(usualBytes, roomOn(facts))
}

/** What there is to say when so many bytes of accepted writes may wait on these servers; `undefined`: nothing. */
export function whyRoomIsShort(facts: readonly RedisFacts[], bytes: number): string | undefined {
  const room = roomOn(facts)
  if (bytes > room) {
    return (
      `accepted writes may take ${mebibytes(bytes)} of Redis, which is more than half of its maxmemory: ` +
      'raise it, or restart'
    )
  }
  if (bytes >= usualBytes) return undefined
  return (
    `accepted writes may take ${mebibytes(bytes)}, half of the maxmemory of Redis, ` +
    `instead of ${mebibytes(usualBytes)}: raise it, and restart`
  )
}

/** Half of the memory of servers among which keys are spread evenly. */
function roomOn(facts: readonly RedisFacts[]): number {
  const limits = facts.map(({ maxMemory }) => maxMemory).filter((bytes) => bytes > 0)
  if (limits.length === 0) return Number.POSITIVE_INFINITY
  return Math.floor((Math.min(...limits) * facts.length) / 2)
}

function mebibytes(bytes: number): string {
  return `${Math.round((bytes / 1024 / 1024) * 10) / 10} MiB`
}

async function appendfsyncOf(ask: AskRedis): Promise<RedisFacts['appendfsync']> {
  try {
    const answer = await ask('CONFIG', 'GET', 'appendfsync')
    const value = valueIn(answer)
    return value === 'always' || value === 'everysec' || value === 'no' ? value : 'unknown'
  } catch {
    return 'unknown'
  }
}

/** A list in RESP 2; a map, or an object of it, in RESP 3. */
function valueIn(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer[1]
  if (answer instanceof Map) return answer.get('appendfsync')
  return (answer as { appendfsync?: unknown } | null)?.appendfsync
}

/** `name:value` lines, as INFO has them. */
function fieldsOf(text: unknown): ReadonlyMap<string, string> {
  const pairs = String(text)
    .split(/\r?\n/)
    .flatMap((line): [string, string][] => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)]] : []
    })
  return new Map(pairs)
}
