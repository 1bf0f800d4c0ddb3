import { createHash } from 'node:crypto'
import type { Tap } from '@caching-patterns/local-servers'
import type { MomentListener } from './moments.ts'

/** A script by what only its text says: its hash is learned when somebody sends the text. */
const scripts = [
  ['enqueue-answered', "'ZADD', KEYS[2], 'NX'"],
  ['begin-answered', 'table.insert(joined'],
  ['end-answered', "'published'"],
  ['invalidate-answered', "redis.call('SETRANGE', KEYS[1], 1, poison)"],
] as const
type ScriptMoment = (typeof scripts)[number][0]

/** Plain commands; of those that fetch something only answers that hold something count. */
const commands: Readonly<Record<string, CommandMoment>> = {
  DEL: 'del-answered',
  SET: 'set-answered',
  RPUSH: 'enqueue-answered',
  MGET: 'batch-answered',
  LPOP: 'batch-answered',
}
type CommandMoment = 'del-answered' | 'set-answered' | 'enqueue-answered' | 'batch-answered'

/** The hashes of the scripts that one server has been sent: connections share what they learn. */
export type ScriptHashes = Map<string, ScriptMoment | undefined>

/** Tells when a script of a known name, or a plain command, was answered on one connection. */
export function redisTap(hashes: ScriptHashes, listener: MomentListener): Tap {
  const asked: (ScriptMoment | CommandMoment | undefined)[] = []
  let requests: Buffer = Buffer.alloc(0)
  let replies: Buffer = Buffer.alloc(0)
  return {
    request(chunk) {
      requests = joined(requests, chunk)
      for (let end = endOf(requests, 0); end !== undefined; end = endOf(requests, 0)) {
        asked.push(momentOf(textsOf(requests), hashes))
        requests = requests.subarray(end)
      }
    },
    reply(chunk) {
      replies = joined(replies, chunk)
      let verdict: 'pass' | 'cut' = 'pass'
      for (let end = endOf(replies, 0); end !== undefined; end = endOf(replies, 0)) {
        const type = replies[0]
        const isFailure = type === minus
        const isNothing = type === nothing
        replies = replies.subarray(end)
        // What a server says by itself answers nothing.
        const moment = type === push ? undefined : asked.shift()
        if (moment === undefined || isFailure || (isNothing && moment === 'batch-answered'))
          continue
        if (listener(moment) === 'cut') verdict = 'cut'
      }
      return verdict
    },
  }
}

const minus = '-'.charCodeAt(0)
const nothing = '_'.charCodeAt(0)
const push = '>'.charCodeAt(0)
const newline = '\n'.charCodeAt(0)

function joined(rest: Buffer, chunk: Buffer): Buffer {
  return rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
}

function momentOf([command, text = '']: readonly string[], hashes: ScriptHashes) {
  if (command === 'EVALSHA') return hashes.get(text)
  if (command !== 'EVAL') return commands[command ?? '']
  const moment = scripts.find(([, mark]) => text.includes(mark))?.[0]
  hashes.set(createHash('sha1').update(text).digest('hex'), moment)
  return moment
}

/** The command and its first argument: an array of texts of known lengths. */
function textsOf(request: Buffer): string[] {
  const texts: string[] = []
  let at = lineEnd(request, 0) ?? request.length
  while (texts.length < 2 && at < request.length) {
    const from = lineEnd(request, at) ?? request.length
    const length = numberAt(request, at)
    texts.push(request.toString('utf8', from, from + length))
    at = from + length + 2
  }
  return texts
}

/** Where a message of RESP3 ends that begins at `at`; undefined when it is not whole. */
function endOf(buffer: Buffer, at: number): number | undefined {
  const from = lineEnd(buffer, at)
  if (from === undefined) return undefined
  switch (String.fromCharCode(buffer[at] as number)) {
    case '$':
    case '=':
    case '!': {
      const length = numberAt(buffer, at)
      const end = length < 0 ? from : from + length + 2
      return end <= buffer.length ? end : undefined
    }
    case '*':
    case '~':
    case '>':
      return endOfItems(buffer, from, numberAt(buffer, at))
    case '%':
      return endOfItems(buffer, from, 2 * numberAt(buffer, at))
    case '|':
      // Attributes stand before the value that they are about.
      return endOfItems(buffer, from, 2 * numberAt(buffer, at) + 1)
    default:
      return from
  }
}

function endOfItems(buffer: Buffer, from: number, count: number): number | undefined {
  let end: number | undefined = from
  for (let item = 0; item < count && end !== undefined; item += 1) end = endOf(buffer, end)
  return end
}

function lineEnd(buffer: Buffer, at: number): number | undefined {
  const index = buffer.indexOf(newline, at)
  return index < 0 ? undefined : index + 1
}

function numberAt(buffer: Buffer, at: number): number {
  return Number.parseInt(buffer.toString('latin1', at + 1, at + 16), 10)
}
