import type { DirtyEntry, Progress, RetryResult } from '../../../contract/journal.ts'

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

/** The dirty entry that a text is; `undefined` for anything else. */
export function dirtyEntryOf(
  at: Pick<DirtyEntry, 'key' | 'partition' | 'dueAt'>,
  text: string | null,
): DirtyEntry | undefined {
  if (!text?.startsWith('D')) return undefined
  return {
    ...at,
    version: Number(text.slice(1, 17)),
    json: text[59] === 'X' ? null : text.slice(60),
    enqueuedAt: Number(text.slice(30, 43)),
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

/** What a partition's index says of a dirty key. */
export interface Due<Partition> {
  readonly partition: Partition
  readonly rest: string
  readonly dueAt: number
}

/**
 * The oldest of what the partitions gave out, at most `limit`. A page of `count` may have left out
 * entries that are due after its last one: what is due later than that, in whatever partition, has to wait.
 */
export function oldestOf<Partition>(
  pages: readonly (readonly [Partition, readonly string[]])[],
  { count, limit }: { readonly count: number; readonly limit: number },
): Due<Partition>[] {
  const found: Due<Partition>[] = []
  let horizon = Number.POSITIVE_INFINITY
  for (const [partition, page] of pages) {
    for (let i = 0; i < page.length; i += 2) {
      found.push({ partition, rest: page[i] as string, dueAt: Number(page[i + 1]) })
    }
    if (page.length === 2 * count) horizon = Math.min(horizon, Number(page.at(-1)))
  }
  found.sort((a, b) => a.dueAt - b.dueAt)
  return found.filter(({ dueAt }) => dueAt <= horizon).slice(0, limit)
}
