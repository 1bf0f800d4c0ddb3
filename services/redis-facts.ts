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

async function appendfsyncOf(ask: AskRedis): Promise<RedisFacts['appendfsync']> {
  try {
    const answer = await ask('CONFIG', 'GET', 'appendfsync')
    const value = Array.isArray(answer) ? answer[1] : undefined
    return value === 'always' || value === 'everysec' || value === 'no' ? value : 'unknown'
  } catch {
    return 'unknown'
  }
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
