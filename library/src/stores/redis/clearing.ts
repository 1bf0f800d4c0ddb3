import type { Connection } from './connection.ts'
import { type KeyMap, partitionTag } from './keys.ts'
import { invalidateScript } from './scripts/invalidating.ts'
import type { Servers } from './servers.ts'

/** How many keys of the server one step looks at, about. */
const keysPerStep = 1_000

/** Where a clear goes on: on which server, in which of its lives, from which cursor. */
interface Position {
  readonly server: string
  readonly incarnation: string
  readonly cursor: string
}

/**
 * One step of a clear: one SCAN, and INVALIDATE of what it found. A server that has begun a new life
 * in between is looked at from the start: of the old one only journaled keys are left.
 */
export async function clearStep(
  servers: Servers,
  keys: KeyMap,
  prefix: string,
  from: string | undefined,
): Promise<string | undefined> {
  const at = from === undefined ? undefined : (JSON.parse(from) as Position)
  const server = at?.server ?? servers.names()[0]
  if (server === undefined) return undefined
  const connection = await servers.connectionTo(server)
  const { incarnation } = connection
  const start = at?.incarnation === incarnation ? at.cursor : '0'

  const pattern = patternOf(keys, prefix)
  const scan = ['SCAN', start, 'MATCH', pattern, 'COUNT', String(keysPerStep)]
  const [cursor, found] = (await connection.send(scan)) as [string, string[]]
  const isMine = under(keys, prefix, connection)
  const changes = found.map((key) => {
    if (isMine(key)) return connection.run(invalidateScript, [key], [])
    return isLeftBehind(key, prefix) ? connection.send(['DEL', key]) : undefined
  })
  try {
    await Promise.all(changes)
  } catch (error) {
    servers.failed(error, found[0] ?? prefix)
  }

  if (cursor !== '0') return JSON.stringify({ server, incarnation, cursor })
  const next = servers.names().find((name) => name > server)
  return next && JSON.stringify({ server: next, incarnation: '', cursor: '0' })
}

/** Both forms of key start with a brace and what prefix and journal have in common. */
function patternOf(keys: KeyMap, prefix: string): string {
  const journals = keys.journalsUnder(prefix)
  const common = journals.map((each) => (each.length < prefix.length ? each : prefix))
  return `{${escaped(common[0] ?? prefix)}*`
}

/** Whether a stored key is one of a logical key that starts with `prefix`. */
function under(keys: KeyMap, prefix: string, { suffix }: Connection): (key: string) => boolean {
  const journaled = keys.journalsUnder(prefix).map((journal) => {
    const [before = '', after = ''] = partitionTag(journal, '#').split('#')
    const rest = prefix.slice(journal.length)
    return (key: string) => {
      const end = key.indexOf(`${after}v:`, before.length)
      const isPartition = end > before.length && /^\d+$/.test(key.slice(before.length, end))
      return key.startsWith(before) && isPartition && key.startsWith(rest, end + after.length + 2)
    }
  })
  return (key) =>
    (key.startsWith(`{${prefix}`) && key.endsWith(suffix)) || journaled.some((each) => each(key))
}

/** By another life of the server, or by a slot that moved. A journal's keys look like nothing of the kind, whatever they end in. */
function isLeftBehind(key: string, prefix: string): boolean {
  return key.startsWith(`{${prefix}`) && /\}[0-9a-f]{12}$/.test(key) && !/wb\d+\}v:/.test(key)
}

function escaped(text: string): string {
  return text.replace(/[*?[\]\\^]/g, '\\$&')
}
