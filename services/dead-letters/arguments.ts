import { parseArgs } from 'node:util'

/** What is to be done. */
export type Command =
  | { readonly name: 'list' | 'flush' }
  | { readonly name: 'discard'; readonly id: string }
  | {
      readonly name: 'retry'
      readonly id: string
      /** Fields to change first; of one that is left out the letter's own value is kept. */
      readonly change: { readonly name?: string; readonly email?: string }
      /** Seconds to wait for the database. */
      readonly wait: number
    }

export interface Arguments {
  readonly command: Command
  readonly url: string
  /** What the service answered, as it is. */
  readonly isJson: boolean
}

/** A command line that says nothing that can be done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const usage = `npm run dead-letters                        the writes that the database refused
npm run dead-letters -- retry 42            writes one again (--name N --email E: changed; --wait S: seconds, 10)
npm run dead-letters -- discard 42          gives one up
npm run dead-letters -- flush               waits until all accepted writes are in the database, or refused
  --url http://127.0.0.1:8004   another service    --json   as the service says it    ADMIN_TOKEN=...   if it has one`

const options = {
  url: { type: 'string', default: 'http://127.0.0.1:8004' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  name: { type: 'string' },
  email: { type: 'string' },
  wait: { type: 'string' },
} as const

/** Throws a `UsageError`; one without words asks for help. */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parsed(args)
  if (values.help) throw new UsageError('')
  const { url, json: isJson, ...others } = values
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    throw new UsageError(`--url: expected http://host:port, received ${JSON.stringify(url)}`)
  }
  return { command: commandOf(positionals, others), url: url.replace(/\/+$/, ''), isJson }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function commandOf(
  [name = 'list', id, ...more]: readonly string[],
  { name: newName, email, wait }: { name?: string; email?: string; wait?: string },
): Command {
  const hasRetryOptions = newName !== undefined || email !== undefined || wait !== undefined
  if (hasRetryOptions && name !== 'retry') {
    throw new UsageError('--name, --email and --wait are for retry')
  }
  if (name === 'list' || name === 'flush') {
    if (id !== undefined) throw new UsageError(`${name}: expected no more words, received ${id}`)
    return { name }
  }
  if (name !== 'retry' && name !== 'discard') throw new UsageError(`there is no command ${name}`)
  if (id === undefined || more.length > 0 || !/^[1-9][0-9]*$/.test(id)) {
    const received = [id, ...more].filter((word) => word !== undefined).join(' ') || 'nothing'
    throw new UsageError(`${name}: expected the id of one user, received ${received}`)
  }
  if (name === 'discard') return { name, id }
  const change = {
    ...(newName !== undefined && { name: newName }),
    ...(email !== undefined && { email }),
  }
  return { name, id, change, wait: secondsOf(wait) }
}

function secondsOf(text = '10'): number {
  if (/^[0-9]{1,2}$/.test(text) && Number(text) <= 50) return Number(text)
  throw new UsageError(`--wait: expected 0 to 50 seconds, received ${text}`)
}
