import type { HistoryOperation } from 'caching-patterns/testing'

/** Of each key, what was confirmed: ascending by version, each with the first instant at which it, or a newer one, had been. */
export type ConfirmedWrites = ReadonlyMap<
  string,
  readonly { readonly version: number; readonly since: number }[]
>

export function confirmedWrites(history: readonly HistoryOperation[]): ConfirmedWrites {
  const byKey = new Map<string, { version: number; since: number }[]>()
  for (const each of history) {
    if (each.kind !== 'write' || each.outcome !== 'confirmed' || each.version === undefined)
      continue
    const writes = byKey.get(each.key) ?? []
    writes.push({ version: each.version, since: each.endedAt })
    byKey.set(each.key, writes)
  }
  for (const writes of byKey.values()) {
    writes.sort((one, other) => one.version - other.version)
    let since = Number.POSITIVE_INFINITY
    for (const write of writes.toReversed()) {
      since = Math.min(since, write.since)
      write.since = since
    }
  }
  return byKey
}

/** How long ago something newer than what was read had been confirmed when the read began, in milliseconds; 0: nothing had. */
export function ageOf(
  { key, version, startedAt }: Pick<HistoryOperation, 'key' | 'version' | 'startedAt'>,
  confirmed: ConfirmedWrites,
): number {
  const writes = confirmed.get(key) ?? []
  let [low, high] = [0, writes.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((writes[middle]?.version ?? 0) > (version ?? 0)) high = middle
    else low = middle + 1
  }
  return Math.max(0, startedAt - (writes[low]?.since ?? startedAt))
}
