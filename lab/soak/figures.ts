import type { Tally } from './tally.ts'

/** The part of `/stats` that a run looks at. */
export interface Figures {
  readonly pattern: string
  readonly store: string
  readonly source: string
  readonly reads: {
    readonly total: number
    readonly hits: number
    readonly misses: number
    readonly stale: number
    readonly negative: number
    readonly bypass: number
  }
  readonly loads: { readonly total: number; readonly failures: number; readonly joined: number }
  readonly writes: {
    readonly total: number
    readonly failures: number
    readonly unconfirmed: number
    readonly outcomeUnknown: number
  }
  readonly refreshes: { readonly total: number; readonly failures: number } | null
  readonly journal: {
    readonly dirty: number
    readonly enqueued: number
    readonly coalesced: number
    readonly flushed: number
    readonly retries: number
    readonly deadLetters: number
    readonly fenced: number
    readonly lost: number
  } | null
  readonly marksLost: number
  readonly storeErrors: number
}

/** What a figure grew by, and what the clients say that it has to. */
interface Comparison {
  readonly figure: string
  readonly grew: number
  readonly from: number
  readonly to: number
}

/** Figures of one process that did not grow by what its clients counted, in words. */
export function disagreements(tally: Tally, before: Figures, after: Figures): string[] {
  const growth = (pick: (figures: Figures) => number) => pick(after) - pick(before)
  return [
    ...readsOf(tally, growth),
    ...loadsOf(tally, growth, after),
    ...writesOf(tally, growth),
    ...troublesOf(growth),
  ]
    .filter(({ grew, from, to }) => grew < from || grew > to)
    .map(({ figure, grew, from, to }) => {
      const expected = from === to ? `${from}` : `${from} to ${to}`
      return `${figure} grew by ${grew}, the clients say ${expected}`
    })
}

type Growth = (pick: (figures: Figures) => number) => number

function readsOf(tally: Tally, growth: Growth): Comparison[] {
  const { reads, hiddenReads, unsureReads } = tally
  const { hit, miss, stale, negative, bypass } = reads
  const total = hit + miss + stale + negative + bypass + hiddenReads
  const compare = (name: keyof Figures['reads'], from: number, slack: number): Comparison => ({
    figure: `reads.${name}`,
    grew: growth(({ reads }) => reads[name]),
    from,
    to: from + slack,
  })
  const sum = growth(({ reads: r }) => r.hits + r.misses + r.stale + r.negative + r.bypass)
  return [
    compare('total', total, unsureReads),
    compare('hits', hit, hiddenReads + unsureReads),
    compare('misses', miss, hiddenReads + unsureReads),
    compare('stale', stale, hiddenReads + unsureReads),
    compare('negative', negative, hiddenReads + unsureReads),
    compare('bypass', bypass, hiddenReads + unsureReads),
    { figure: 'the sum of read outcomes', grew: sum, from: total, to: total + unsureReads },
  ]
}

/**
 * Each miss and each bypass made a load, or joined one; those that waited for a flight to land, and
 * then share another, count as joined although they may need a load of their own. Refreshes load
 * too, and so may writes of write-behind.
 */
function loadsOf(tally: Tally, growth: Growth, { journal }: Figures): Comparison[] {
  const { reads, collapsed, hiddenReads, unsureReads } = tally
  const joined = growth(({ loads }) => loads.joined)
  const loads = growth(({ reads: r, refreshes }) => r.misses + r.bypass + (refreshes?.total ?? 0))
  const slack = journal === null ? unsureReads : Number.POSITIVE_INFINITY
  return [
    {
      figure: 'loads.joined',
      grew: joined,
      from: collapsed,
      to: collapsed + reads.bypass + hiddenReads + unsureReads,
    },
    {
      figure: 'loads.total',
      grew: growth(({ loads }) => loads.total),
      from: loads - joined,
      to: loads + slack,
    },
  ]
}

function writesOf(tally: Tally, growth: Growth): Comparison[] {
  const { writes, emailTaken, accepted, unconfirmed, unsureWrites } = tally
  const compare = (figure: string, grew: number, from: number): Comparison => ({
    figure,
    grew,
    from,
    to: from + unsureWrites,
  })
  return [
    compare(
      'writes.total',
      growth(({ writes }) => writes.total),
      writes,
    ),
    compare(
      'writes.failures',
      growth(({ writes }) => writes.failures),
      emailTaken,
    ),
    compare(
      'writes.unconfirmed',
      growth(({ writes }) => writes.unconfirmed),
      unconfirmed,
    ),
    compare(
      'writes.outcomeUnknown',
      growth(({ writes }) => writes.outcomeUnknown),
      0,
    ),
    compare(
      'journal.enqueued',
      growth(({ journal }) => journal?.enqueued ?? 0),
      accepted,
    ),
  ]
}

/** Nothing fails while nothing is broken. */
function troublesOf(growth: Growth): Comparison[] {
  const none = (figure: string, grew: number): Comparison => ({ figure, grew, from: 0, to: 0 })
  return [
    none(
      'loads.failures',
      growth(({ loads }) => loads.failures),
    ),
    none(
      'refreshes.failures',
      growth(({ refreshes }) => refreshes?.failures ?? 0),
    ),
    none(
      'marksLost',
      growth(({ marksLost }) => marksLost),
    ),
    none(
      'storeErrors',
      growth(({ storeErrors }) => storeErrors),
    ),
    none(
      'journal.retries',
      growth(({ journal }) => journal?.retries ?? 0),
    ),
    none(
      'journal.fenced',
      growth(({ journal }) => journal?.fenced ?? 0),
    ),
    none(
      'journal.lost',
      growth(({ journal }) => journal?.lost ?? 0),
    ),
    none(
      'journal.deadLetters',
      growth(({ journal }) => journal?.deadLetters ?? 0),
    ),
  ]
}

/** What the processes made dirty together they wrote together: once, or again if it changed meanwhile. */
export function journalDisagreement(
  before: readonly Figures[],
  after: readonly Figures[],
): string | undefined {
  const sum = (all: readonly Figures[], name: 'enqueued' | 'coalesced' | 'flushed') =>
    all.reduce((total, { journal }) => total + (journal?.[name] ?? 0), 0)
  const grew = (name: 'enqueued' | 'coalesced' | 'flushed') => sum(after, name) - sum(before, name)
  const [enqueued, coalesced, flushed] = [grew('enqueued'), grew('coalesced'), grew('flushed')]
  if (flushed >= enqueued - coalesced && flushed <= enqueued) return undefined
  return `of ${enqueued} enqueued writes, ${coalesced} onto dirty users, ${flushed} rows were flushed`
}
