/** The servers that a test run has, and where they are. */
export interface ProvidedServers {
  readonly redis: { readonly url: string }
  readonly redisCluster: { readonly urls: readonly string[] }
  readonly postgres: { readonly url: string }
}

/** The name of one. */
export type ServerName = keyof ProvidedServers

declare module 'vitest' {
  interface ProvidedContext {
    /** What of them could be started. */
    localServers: Partial<ProvidedServers>
  }
}
