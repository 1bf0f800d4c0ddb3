import { InvalidArgumentError } from '../../contract/errors.ts'
import { isCluster, type RedisClient, type RedisCluster } from './client.ts'

/** How long a connection may be silent, in milliseconds; the client pings three times in it. */
const socketTimeoutMs = 1_500
const connectTimeoutMs = 1_000
const pingIntervalMs = 500
const longestReconnectMs = 300
/** Past this a server is not slow but gone: calls reject at once, instead of growing the process. */
const longestQueue = 10_000

/** What a node-redis client of a store is created with. */
export interface RedisOptions {
  url: string
  RESP: 3
  /** Explicitly `undefined`: left out it means 5 s, by a timer for each command that ends with its sending. */
  commandOptions: { timeout?: never }
  disableOfflineQueue: true
  commandsQueueMaxLength: number
  maintNotifications: 'disabled'
  pingInterval: number
  socket: RedisSocketOptions
}

/** What its connections are made with. */
export interface RedisSocketOptions {
  socketTimeout: number
  connectTimeout: number
  keepAlive: true
  reconnectStrategy: (retries: number) => number
}

/** What a node-redis cluster of a store is created with. */
export interface RedisClusterOptions {
  rootNodes: { url: string }[]
  RESP: 3
  defaults: Omit<RedisOptions, 'url' | 'RESP' | 'socket'> & {
    username?: string
    password?: string
    socket: RedisSocketOptions & { tls?: true }
  }
  topologyRefreshOnReconnectionAttemptStrategy: number
}

/**
 * Options of `createClient` for a store: calls are answered, or fail, within 1.5 s, a lost
 * connection is opened again for ever, 300 ms apart at most, and nothing is queued in between or
 * sent twice. `redis://` or `rediss://` (TLS by the system's authorities and `NODE_EXTRA_CA_CERTS`).
 *
 * @example
 * const client = await createClient(redisOptions('redis://localhost')).connect()
 * const store = redisStore({ client })
 */
export function redisOptions(url: string): RedisOptions {
  parsed('redisOptions: url', url)
  return { url, RESP: 3, ...settings(), socket: socketSettings() }
}

/**
 * Options of `createCluster` for a store, as `redisOptions`. `urls` are some of the masters, the
 * others are found; credentials and TLS are those of the first, for all.
 *
 * @example
 * const client = await createCluster(redisClusterOptions(['redis://a:6379', 'redis://b:6379'])).connect()
 */
export function redisClusterOptions(urls: readonly string[]): RedisClusterOptions {
  if (!Array.isArray(urls) || urls.length === 0) {
    throw new InvalidArgumentError('redisClusterOptions: urls', 'one URL or more', urls)
  }
  const [first] = urls.map((url) => parsed('redisClusterOptions: urls', url)) as [URL]
  const { username, password, protocol } = first
  return {
    rootNodes: urls.map((url) => ({ url })),
    RESP: 3,
    defaults: {
      ...settings(),
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      socket: { ...socketSettings(), ...(protocol === 'rediss:' && { tls: true }) },
    },
    topologyRefreshOnReconnectionAttemptStrategy: connectTimeoutMs,
  }
}

function settings() {
  const noTimeout: object = { timeout: undefined }
  return {
    commandOptions: noTimeout as { timeout?: never },
    disableOfflineQueue: true,
    commandsQueueMaxLength: longestQueue,
    maintNotifications: 'disabled',
    pingInterval: pingIntervalMs,
  } as const
}

function socketSettings(): RedisSocketOptions {
  return {
    socketTimeout: socketTimeoutMs,
    connectTimeout: connectTimeoutMs,
    keepAlive: true,
    reconnectStrategy: (retries) =>
      Math.ceil(Math.min(longestReconnectMs, 20 * 2 ** retries) * (0.5 + Math.random() / 2)),
  }
}

const urlForm = 'redis://[[user]:password@]host[:port][/database], or rediss:// for TLS'

/** A wrong URL is not shown as it came: it may hold a password. */
function parsed(what: string, url: unknown): URL {
  if (typeof url !== 'string') throw new InvalidArgumentError(what, urlForm, url)
  const result = URL.canParse(url) ? new URL(url) : undefined
  if (result === undefined) throw new InvalidArgumentError(what, urlForm, notShown)
  const { protocol, hostname, pathname, username, password } = result
  if (protocol !== 'redis:' && protocol !== 'rediss:') {
    throw new InvalidArgumentError(what, urlForm, `${protocol}…`)
  }
  const isWhole = hostname !== '' && /^\/?\d*$/.test(pathname)
  if (!isWhole || !isEncoded(username) || !isEncoded(password)) {
    throw new InvalidArgumentError(what, urlForm, `${protocol}//…@${result.host}${pathname}`)
  }
  return result
}

const notShown = 'text that is no URL'

function isEncoded(text: string): boolean {
  return !/%(?![\da-f]{2})/i.test(text)
}

/** Refuses a client without the settings that the store's promises rest on. */
export function checkSettings(client: RedisClient | RedisCluster): void {
  const isOfCluster = isCluster(client)
  const given: unknown = isOfCluster ? Reflect.get(client, '_options') : client.options
  const advice = isOfCluster ? 'redisClusterOptions(urls)' : 'redisOptions(url)'
  const options = isOfCluster ? { ...part(given, 'defaults'), RESP: part(given).RESP } : part(given)
  const socket = part(options, 'socket')
  const command = part(options, 'commandOptions')
  const demand = (name: string, isMet: boolean, expected: string, received: unknown) => {
    if (isMet) return
    const what = `redisStore: client: ${isOfCluster ? 'defaults.' : ''}${name}`
    throw new InvalidArgumentError(what, `${expected} (as in ${advice})`, received)
  }

  demand('RESP', (options.RESP ?? 3) === 3, '3', options.RESP)
  const hasTimeout = !('timeout' in command) || command.timeout !== undefined
  const timeout = command.timeout ?? 'nothing, which means 5,000 ms'
  demand('commandOptions.timeout', !hasTimeout, 'undefined, set explicitly', timeout)
  demand('commandOptions.typeMapping', !command.typeMapping, 'none', command.typeMapping)
  demand('keyPrefix', !options.keyPrefix, 'none', options.keyPrefix)
  const { disableOfflineQueue, commandsQueueMaxLength, pingInterval, maintNotifications } = options
  demand('disableOfflineQueue', disableOfflineQueue === true, 'true', disableOfflineQueue)
  demand(
    'commandsQueueMaxLength',
    isPositive(commandsQueueMaxLength),
    '1 or more',
    commandsQueueMaxLength,
  )
  const isDisabled = maintNotifications === 'disabled'
  demand('maintNotifications', isDisabled, "'disabled'", maintNotifications)
  const { socketTimeout, reconnectStrategy } = socket
  demand('socket.socketTimeout', isPositive(socketTimeout), '1 or more', socketTimeout)
  const isPinged = isPositive(pingInterval) && Number(pingInterval) < Number(socketTimeout)
  demand('pingInterval', isPinged, 'less than socket.socketTimeout', pingInterval)
  const isEndless = reconnectsForEver(reconnectStrategy)
  demand('socket.reconnectStrategy', isEndless, 'one that never gives up', reconnectStrategy)
}

function part(value: unknown, name?: string): Record<string, unknown> {
  const inner = name === undefined ? value : part(value)[name]
  return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {}
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && value > 0
}

/** The client's own strategy, which takes the place of one that throws, gives up after one socket timeout. */
function reconnectsForEver(strategy: unknown): boolean {
  if (typeof strategy !== 'function') return typeof strategy === 'number'
  try {
    return typeof strategy(1_000, new Error('is this the end?')) === 'number'
  } catch {
    return false
  }
}
