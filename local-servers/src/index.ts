export { type Certificate, createCertificate } from './certificate.ts'
export type { Fault, FaultKind, Tap } from './fault.ts'
export { type FaultProxy, type FaultProxyOptions, startFaultProxy } from './fault-proxy.ts'
export { freePort } from './free-port.ts'
export type { LocalServer } from './local-server.ts'
export { type LocalPostgres, type PostgresOptions, startPostgres } from './postgres.ts'
export { findPrograms, howToInstall, MissingProgramError, type Programs } from './programs.ts'
export type { ProvidedServers, ServerName } from './provided-servers.ts'
export { type LocalRedis, type RedisOptions, startRedis } from './redis.ts'
export {
  type LocalRedisCluster,
  type RedisClusterOptions,
  startRedisCluster,
} from './redis-cluster.ts'
export { type ServerFolder, serverFolder } from './server-folder.ts'
export { startTestServers, type TestServers } from './test-servers.ts'
