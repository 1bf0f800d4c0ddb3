/** What a partition's index says: rests of dirty keys, and when each is due, in whole milliseconds; the earliest first. */
export interface IndexPage<Partition> {
  readonly partition: Partition
  readonly rests: readonly string[]
  readonly dueAts: readonly number[]
}

interface Wanted {
  /** How many each page could hold. */
  readonly count: number
  readonly limit: number
  /** Default: all. */
  readonly isOther: ((rest: string) => boolean) | undefined
}

/** Of a server's answer: rests and due times in turn. */
export function pageOf<Partition>(
  partition: Partition,
  answer: readonly string[],
): IndexPage<Partition> {
  const rests: string[] = []
  const dueAts: number[] = []
  for (let i = 0; i < answer.length; i += 2) {
    rests.push(answer[i] as string)
    dueAts.push(Number(answer[i + 1]))
  }
  return { partition, rests, dueAts }
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
  for (const { dueAts } of pages) {
    if (dueAts.length >= count) horizon = Math.min(horizon, dueAts.at(-1) as number)
  }
  const within = pages.map((page) => {
    const some = first(page, countUpTo(page, horizon))
    return isOther === undefined ? some : others(some, isOther)
  })
  return cutTo(limit, within)
}

/** The latest are left out, until no more than `limit` are left. */
function cutTo<Partition>(
  limit: number,
  pages: readonly IndexPage<Partition>[],
): IndexPage<Partition>[] {
  if (countAll(pages, Number.POSITIVE_INFINITY) <= limit) return [...pages]
  const last = earliestWith(limit, pages)
  // of those that are due at the very last instant some have to wait
  let room = limit - countAll(pages, last - 1)
  return pages.map((page) => {
    const before = countUpTo(page, last - 1)
    const added = Math.min(room, countUpTo(page, last) - before)
    room -= added
    return first(page, before + added)
  })
}

/** The first instant by which so many are due; there are as many. By bisection, since pages are sorted. */
function earliestWith(count: number, pages: readonly IndexPage<unknown>[]): number {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { dueAts } of pages) {
    low = Math.min(low, dueAts[0] ?? low)
    high = Math.max(high, dueAts.at(-1) ?? high)
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (countAll(pages, middle) >= count) high = middle
    else low = middle + 1
  }
  return low
}

function countAll(pages: readonly IndexPage<unknown>[], dueBy: number): number {
  return pages.reduce((sum, page) => sum + countUpTo(page, dueBy), 0)
}

/** How many of a page are due by an instant. */
function countUpTo({ dueAts }: IndexPage<unknown>, dueBy: number): number {
  let [from, to] = [0, dueAts.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((dueAts[middle] as number) <= dueBy) from = middle + 1
    else to = middle
  }
  return from
}

function first<Partition>(page: IndexPage<Partition>, count: number): IndexPage<Partition> {
  const { partition, rests, dueAts } = page
  if (count === rests.length) return page
  return { partition, rests: rests.slice(0, count), dueAts: dueAts.slice(0, count) }
}

function others<Partition>(
  page: IndexPage<Partition>,
  isOther: (rest: string) => boolean,
): IndexPage<Partition> {
  if (page.rests.every(isOther)) return page
  const places = [...page.rests.keys()].filter((i) => isOther(page.rests[i] as string))
  return {
    partition: page.partition,
    rests: places.map((i) => page.rests[i] as string),
    dueAts: places.map((i) => page.dueAts[i] as number),
  }
}
