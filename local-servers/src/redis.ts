import { createCertificate } from './certificate.ts'
import { type LocalServer, startServer } from './local-server.ts'
import { findPrograms, MissingProgramError, type Programs } from './programs.ts'
import { serverFolder } from './server-folder.ts'

/** How a Redis is started. */
export interface RedisOptions {
  /** What was acknowledged survives `kill` and `restart`: `appendonly yes`, `appendfsync always`. Default false. */
  readonly durable?: boolean
  /** Without it nothing is answered. Default none. */
  readonly password?: string
  /** By TLS alone, with a certificate of its own. Default false. */
  readonly tls?: boolean
  /** More settings, by the names of `redis.conf`: `{ maxmemory: '4mb' }`. They win over all others. Default none. */
  readonly settings?: Readonly<Record<string, string>>
  /** Names ports to try. Default: free ones. */
  readonly pickPort?: () => Promise<number>
  /** Default: those that are installed. */
  readonly programs?: Programs
}

/** A Redis of one's own. */
export interface LocalRedis extends LocalServer {
  /** With `tls`: the file with the certificate to trust. */
  readonly caPath: string | undefined
}

/** Starts a Redis that keeps nothing on disk, unless told to. */
export async function startRedis(options: RedisOptions = {}): Promise<LocalRedis> {
  const { durable = false, password, tls = false, pickPort } = options
  const { redisServer, openssl } = options.programs ?? findPrograms()
  if (redisServer === undefined) throw new MissingProgramError('redis-server')
  const folder = serverFolder(durable ? 'disk' : 'memory')
  const certificate = tls ? await createCertificate(folder.path, openssl) : undefined
  const settings = {
    bind: '127.0.0.1',
    save: '',
    ...(durable && { appendonly: 'yes', appendfsync: 'always' }),
    ...(password !== undefined && { requirepass: password }),
    ...(certificate && {
      'tls-cert-file': certificate.certPath,
      'tls-key-file': certificate.keyPath,
      'tls-ca-cert-file': certificate.certPath,
      'tls-auth-clients': 'no',
    }),
    ...options.settings,
  }
  const user = password === undefined ? '' : `:${encodeURIComponent(password)}@`
  const server = await startServer({
    folder,
    program: (port) => ({
      file: redisServer,
      args: commandLine({
        ...(tls ? { port: '0', 'tls-port': String(port) } : { port: String(port) }),
        ...settings,
      }),
      ready: /ready to accept connections/i,
      user: undefined,
    }),
    url: (port) => `${tls ? 'rediss' : 'redis'}://${user}127.0.0.1:${port}`,
    endingSignal: 'SIGTERM',
    stoppingSignal: 'SIGKILL',
    pickPort,
  })
  return Object.assign(server, { caPath: certificate?.certPath })
}

function commandLine(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
}
