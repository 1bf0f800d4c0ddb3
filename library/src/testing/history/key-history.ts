import type { HistoryOperation, HistoryRead, HistoryWrite, InitialVersions } from './operation.ts'

/** A write whose place in the order of effects is known. */
export interface VersionedWrite {
  readonly write: HistoryWrite
  readonly version: number
}

/** What happened to one key. */
export interface KeyHistory {
  readonly key: string
  /** What it held at first; undefined: it was absent. */
  readonly initial: { readonly version: number; readonly value?: string } | undefined
  /** Those that promise something, in the order in which they began; and so are the writes. */
  readonly reads: readonly HistoryRead[]
  /** With what reads told of those whose answer did not tell. What nobody saw is left out: it binds nobody. */
  readonly versioned: readonly VersionedWrite[]
  /** Deletes that tell no version. */
  readonly vagueDeletes: readonly HistoryWrite[]
  readonly writes: number
  readonly labelledStale: number
}

/** Sorts operations by key and begin. Throws what `checkHistory` says it throws. */
export function groupByKey(
  operations: readonly HistoryOperation[],
  initial: InitialVersions,
): readonly KeyHistory[] {
  const groups = new Map<string, HistoryOperation[]>()
  for (const operation of operations) {
    check(operation)
    const group = groups.get(operation.key)
    if (group === undefined) groups.set(operation.key, [operation])
    else group.push(operation)
  }
  return [...groups].map(([key, group]) => keyHistory(key, group, initial.get(key)))
}

/** When a write has surely taken effect, if it ever does. */
export function effectiveEnd({ outcome, endedAt }: HistoryWrite): number {
  return outcome === 'unknown' ? Number.POSITIVE_INFINITY : endedAt
}

function check(operation: HistoryOperation): void {
  const { kind, key, startedAt, endedAt } = operation
  if (!(startedAt <= endedAt)) {
    throw new RangeError(
      `checkHistory: a ${kind} of ${key} must start before it ends, received ${startedAt} to ${endedAt}`,
    )
  }
  if (kind === 'read' || operation.outcome === 'unknown') return
  if (operation.version === undefined && operation.value !== null) {
    throw new TypeError(
      `checkHistory: a write of ${key} that was acknowledged and is no delete must have a version, received none`,
    )
  }
}

function keyHistory(
  key: string,
  group: HistoryOperation[],
  initial: KeyHistory['initial'],
): KeyHistory {
  group.sort((one, other) => one.startedAt - other.startedAt)
  const reads: HistoryRead[] = []
  const versioned: VersionedWrite[] = []
  const vagueDeletes: HistoryWrite[] = []
  const unlearned: HistoryWrite[] = []
  let labelledStale = 0
  for (const operation of group) {
    if (operation.kind === 'read') {
      if (operation.isStale) labelledStale += 1
      else reads.push(operation)
    } else if (operation.version !== undefined) {
      versioned.push({ write: operation, version: operation.version })
    } else if (operation.value === null) vagueDeletes.push(operation)
    else unlearned.push(operation)
  }
  const writes = group.length - reads.length - labelledStale
  const shown = new Set(reads.map(({ version }) => version))
  const isBinding = ({ write, version }: VersionedWrite) =>
    write.outcome !== 'unknown' || write.value === null || shown.has(version)
  const binding = versioned.filter(isBinding)
  binding.push(...learn(reads, unlearned, [initial?.version, ...versioned.map((w) => w.version)]))
  return { key, initial, reads, versioned: binding, vagueDeletes, writes, labelledStale }
}

/** Whose versions nobody knows, and a read shows: the one of its value; else the first that any value fits. */
function learn(
  reads: readonly HistoryRead[],
  unlearned: readonly HistoryWrite[],
  known: readonly (number | undefined)[],
): VersionedWrite[] {
  if (unlearned.length === 0) return []
  const taken = new Set(known)
  const candidates = new Candidates(unlearned)
  const learned: VersionedWrite[] = []
  for (const { version, value } of reads) {
    if (version === null || taken.has(version)) continue
    const write = candidates.take(value)
    if (write === undefined) continue
    taken.add(version)
    learned.push({ write, version })
  }
  return learned
}

const anyValue = Symbol('any value')

/** Each is taken once; those that began first are taken first. */
class Candidates {
  readonly #lists = new Map<unknown, HistoryWrite[]>()
  readonly #taken = new Set<HistoryWrite>()

  constructor(writes: readonly HistoryWrite[]) {
    this.#lists.set(anyValue, writes.toReversed())
    for (const write of writes.toReversed()) {
      const same = this.#lists.get(write.value)
      if (same === undefined) this.#lists.set(write.value, [write])
      else same.push(write)
    }
  }

  take(value: string | undefined): HistoryWrite | undefined {
    return this.#next(value) ?? this.#next(value === undefined ? anyValue : undefined)
  }

  #next(value: unknown): HistoryWrite | undefined {
    const list = this.#lists.get(value) ?? []
    for (let write = list.pop(); write !== undefined; write = list.pop()) {
      if (this.#taken.has(write)) continue
      this.#taken.add(write)
      return write
    }
    return undefined
  }
}
