/** URLs of servers: read from the environment, and shown without what only their owner may know. */

export const databaseUrlForm =
  'postgres://user:password@host:port/database, special characters percent-encoded, ' +
  'with ?sslmode= one of disable, require, verify-ca, verify-full and no-verify'
export const redisUrlsForm =
  'redis://user:password@host:port/number, or rediss:// for TLS, special characters percent-encoded; ' +
  'for a cluster several without a number, separated by commas, with TLS all or none'

const sslmodes = ['disable', 'require', 'verify-ca', 'verify-full', 'no-verify']

/** What of a URL of PostgreSQL can be told before anybody is asked; `undefined` when it is none. */
export function parseDatabaseUrl(text: string): string | undefined {
  const url = parse(text, ['postgres:', 'postgresql:'])
  if (url === undefined || url.hash !== '') return undefined
  const sslmode = url.searchParams.get('sslmode')
  if (sslmode === null) return text
  if (!sslmodes.includes(sslmode)) return undefined
  const isAsLibpq = url.searchParams.get('uselibpqcompat') === 'true'
  // What the client makes of all three anyway, with a warning of many lines.
  if (['require', 'verify-ca'].includes(sslmode) && !isAsLibpq) {
    url.searchParams.set('sslmode', 'verify-full')
    return url.href
  }
  return text
}

/** One URL, or those of a cluster's nodes; `undefined` when one of them is none, or they do not go together. */
export function parseRedisUrls(text: string): readonly string[] | undefined {
  const texts = text.split(',').map((each) => each.trim())
  const isCluster = texts.length > 1
  const urls = texts.map((each) => parse(each, ['redis:', 'rediss:']))
  const areFine = urls.every(
    (url) =>
      url !== undefined &&
      url.hostname !== '' &&
      url.search === '' &&
      url.hash === '' &&
      url.protocol === urls[0]?.protocol &&
      (isCluster ? /^\/?0?$/ : /^(\/|\/0|\/[1-9][0-9]{0,8})?$/).test(url.pathname),
  )
  return areFine ? texts : undefined
}

/** URLs without user, password and parameters; a length alone where a part of a password may be left. */
export function shownUrls(text: string): string {
  const shown = text.split(',').map((each) => {
    // Without the slashes all of it may be a password.
    const url = each.includes('://') ? parse(each.trim()) : undefined
    return url && `${url.protocol}//${url.host}${url.pathname}`
  })
  return shown.includes(undefined)
    ? `a value of ${text.length} characters (not shown)`
    : JSON.stringify(shown.join(','))
}

/** Where a server is, for whoever reads an error: host, port, and the path if there is one. */
export function placeOf(url: string): string {
  const { protocol, host, hostname, port, pathname, searchParams } = new URL(url)
  const isPostgres = protocol.startsWith('postgres')
  // A folder with a socket in it.
  const other = isPostgres ? searchParams.get('host') : null
  const where = other ?? (hostname === '' ? 'localhost' : host)
  const all = port === '' && other === null ? `${where}:${isPostgres ? 5432 : 6379}` : where
  return all + pathname.replace(/^\/0?$/, '')
}

function parse(text: string, protocols?: readonly string[]): URL | undefined {
  if (/\s/.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if (protocols && !protocols.includes(url.protocol)) return undefined
  // A password with a slash of its own ends there: its rest, and the @ after it, stand in the path.
  return `${url.host}${url.pathname}${url.search}${url.hash}`.includes('@') ? undefined : url
}
