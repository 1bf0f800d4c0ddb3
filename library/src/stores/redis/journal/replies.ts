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

/** What a partition's index says: rests of dirty keys and when they are due, in turn, the earliest first. */
export type IndexPage<Partition> = readonly [Partition, readonly string[]]

interface Wanted {
  /** How many each page could hold. */
  readonly count: number
  readonly limit: number
  /** Default: all. */
  readonly isOther: ((rest: string) => boolean) | undefined
}

/**
 * Of what the partitions gave out the oldest, at most `limit`. A page of `count` may have left out
 * entries that are due after its last one: what is due later than that, in whatever partition, has to wait.
 */
export function oldestOf<Partition>(
  pages: readonly IndexPage<Partition>[],
  { count, limit, isOther }: Wanted,
): IndexPage<Partition>[] {
  let horizon = Number.POSITIVE_INFINITY
  for (const [, page] of pages) {
    if (page.length === 2 * count) horizon = Math.min(horizon, Number(page.at(-1)))
  }
  const others = pages.map(([partition, page]) => {
    const some: string[] = []
    for (let i = 0; i < page.length; i += 2) {
      const rest = page[i] as string
      if (Number(page[i + 1]) > horizon) break
      if (isOther?.(rest) ?? true) some.push(rest, page[i + 1] as string)
    }
    return [partition, some] as const
  })
  return cutTo(limit, others)
}

/** The latest are left out, until no more than `limit` are left. */
function cutTo<Partition>(
  limit: number,
  pages: readonly IndexPage<Partition>[],
): IndexPage<Partition>[] {
  const dueAts = new Float64Array(pages.reduce((sum, [, { length }]) => sum + length / 2, 0))
  if (dueAts.length <= limit) return [...pages]
  let at = 0
  for (const [, page] of pages) {
    for (let i = 1; i < page.length; i += 2) dueAts[at++] = Number(page[i])
  }
  // of those that are due at the very last instant some have to wait
  const last = dueAts.sort()[limit - 1] as number
  let room = limit - dueAts.indexOf(last)
  return pages.map(([partition, page]) => {
    let end = 0
    while (end < page.length) {
      const dueAt = Number(page[end + 1])
      if (dueAt > last || (dueAt === last && room-- <= 0)) break
      end += 2
    }
    return [partition, page.slice(0, end)] as const
  })
}
