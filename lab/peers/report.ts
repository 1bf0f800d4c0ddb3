import type { Form } from './peer.ts'
import type { Result } from './run.ts'

/** One table: what its columns are called in the findings, and above them. */
interface Table {
  readonly title: string
  readonly columns: readonly string[]
}

const tables: readonly Table[] = [
  {
    title:
      'A load is in flight, the row changes, the cache is told: what reads answer after the load',
    columns: ['invalidated', 'by another process', 'set'],
  },
  {
    title: 'How many loads, and what callers get when it fails',
    columns: ['100 callers', '50 callers, load fails', 'next caller', '3 processes, cold key'],
  },
  {
    title: 'Three processes hold a row, one changes it: what the others answer',
    columns: [
      'others, after invalidate',
      'others, after set',
      'subscriber cut off',
      'publisher cut off',
    ],
  },
  {
    title: 'Redis is away: when a read answers, and when rows are stored again after it is back',
    columns: ['down at start: miss', 'stores again'],
  },
  {
    title: 'Redis is killed under a running process',
    columns: ['killed: hit', 'killed: miss', 'stores again after a kill'],
  },
  {
    title: 'Redis is frozen under a running process',
    columns: ['frozen: hit', 'frozen: miss', 'stores again after a freeze'],
  },
]

/** What the tables say of a peer beside its figures. */
export interface Line {
  readonly name: string
  readonly forms: readonly Pick<Form, 'name' | 'tiers'>[]
}

/** All tables for which there are figures: a line for each form of each peer. */
export function report(peers: readonly Line[], results: readonly Result[]): string {
  const cells = new Map<string, string>()
  for (const { peer, form, findings } of results) {
    for (const { column, cell } of findings) cells.set(address(peer, form, column), cell)
  }
  const lines = peers.flatMap(({ name, forms }) =>
    forms.map((form) => ({ peer: name, form: form.name, tiers: form.tiers })),
  )
  return tables
    .map(({ title, columns }) => ({
      title,
      rows: lines.flatMap(({ peer, form, tiers }) => {
        const found = columns.map((column) => cells.get(address(peer, form, column)))
        if (found.every((cell) => cell === undefined)) return []
        return [[peer, form, tiers, ...found.map((cell) => cell ?? '')]]
      }),
      heads: ['', '', 'entries in', ...columns],
    }))
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, heads, rows }) => [title, ...aligned([heads, ...rows]), ''].join('\n'))
    .join('\n')
}

function address(...parts: readonly string[]): string {
  return parts.join('\u0000')
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('  ')
      .trimEnd()
      .replace(/^/, '  '),
  )
}
