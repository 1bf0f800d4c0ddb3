/** The slice of a node-redis client that is used. */
export interface RedisClient {
  readonly isReady: boolean
  /** What it was created with: checked when a store is made of it. */
  readonly options?: object | undefined
  sendCommand(args: readonly string[]): Promise<unknown>
  on(event: 'ready' | 'error', listener: () => void): unknown
  listenerCount(event: string): number
}

/** The slice of a master in a node-redis cluster that is used. */
export interface RedisClusterNode {
  readonly address: string
  readonly client?: RedisClient | undefined
}

/** The slice of a node-redis cluster that is used. */
export interface RedisCluster {
  readonly isReady: boolean
  readonly slots: readonly ({ readonly master: RedisClusterNode } | undefined)[]
  readonly masters: readonly RedisClusterNode[]
  // a method with a wider `node` than it is: the one it is called with came from `slots` or `masters`
  nodeClient(node: never): Promise<RedisClient>
  sendCommand(firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>
  on(event: 'error', listener: () => void): unknown
  listenerCount(event: string): number
}

/** Whether a client is that of a cluster. */
export function isCluster(client: RedisClient | RedisCluster): client is RedisCluster {
  return 'slots' in client && 'masters' in client
}
