import type { Progress, RetryResult } from '../../../contract/journal.ts'

/** What ENQUEUE and RETRY answer, as text. */
export function acceptanceOf(reply: string): RetryResult {
  switch (reply[0]) {
    case 'A': {
      const [, existed, coalesced] = reply
      const version = Number(reply.slice(3))
      return {
        outcome: 'accepted',
        version,
        existed: existed === '1',
        coalesced: coalesced === '1',
      }
    }
    case 'C':
      return { outcome: 'conflict', version: Number(reply.slice(1)) }
    case 'L':
      return { outcome: 'load-first' }
    case 'M':
      return { outcome: 'missing' }
    case 'K':
      return { outcome: 'full', limit: 'keys' }
    case 'B':
      return { outcome: 'full', limit: 'bytes' }
    case 'E':
      return { outcome: 'expired' }
    case 'N':
      return { outcome: 'none' }
    case 'S':
      return { outcome: 'superseded', version: Number(reply.slice(1)) }
    default:
      throw new TypeError(`enqueue: expected an outcome, received ${reply}`)
  }
}

/** How far a write has come, by the head of the key's entry and the beginning of its letter. */
export function progressOf(version: number, head: string, letter: string): Progress {
  const parked = Number(/^\{"version":(\d+),/.exec(letter)?.[1] ?? -1)
  if (parked === version) return 'parked'
  if (head.startsWith('D')) return Number(head.slice(43, 59)) >= version ? 'persisted' : 'waiting'
  if (parked > version) return 'parked'
  const isThere = /^[VN]/.test(head) && Number(head.slice(1, 17)) >= version
  return isThere ? 'persisted' : 'unknown'
}

/** Redis is at `maxmemory` and refused a script's first write. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /\bOOM command not allowed/.test(error.message)
}
