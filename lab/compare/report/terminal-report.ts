import { table } from '../../chaos/table.ts'
import type { ComparisonResult } from '../comparison-result.ts'
import { type Figure, figureGroups } from '../figure.ts'
import { figuresOf } from '../figures.ts'
import { facts } from './facts.ts'
import { columnTitle, type FigureRow, figureTable } from './figure-table.ts'
import { groupTitles } from './group-titles.ts'
import { notes } from './notes.ts'

const width = 100
const headWidth = 14

/** Tables of at most 100 columns, one or more a group, and how to read them. */
export function terminalReport(result: ComparisonResult): string {
  const said = notes(result).map((note) => folded(note, '! '))
  return [
    ...facts(result).map(([name, text]) => folded(text, name.padEnd(10))),
    ...(said.length === 0 ? [] : ['', ...said]),
    ...figureGroups.flatMap((group) => [
      '',
      groupTitles[group],
      ...tablesOf(result, figuresOf(group)).flatMap((lines) => ['', ...lines]),
    ]),
    '',
    ...howToRead.map((line) => folded(line, '')),
    '',
  ].join('\n')
}

const howToRead = [
  'How to read it: the median of the rounds (or kills), ± how far they lie from it; in percent of it, of a % in points. \
* nobody is clearly better: what has * differs within the noise. No * in a column: nobody is clearly better or worse.',
  'Below the rule: controls, which do what is common instead. More is better of reads/s, writes/s, hit ratio, answered and done; \
of all others less.',
]

/** As many families side by side as fit, none torn apart. */
function tablesOf(result: ComparisonResult, all: readonly Figure[]): string[][] {
  const tables: { figures: Figure[]; lines: string[] }[] = []
  for (const family of new Set(all.map((figure) => figure.family))) {
    const members = all.filter((figure) => figure.family === family)
    const last = tables.at(-1)
    const both = [...(last?.figures ?? []), ...members]
    const lines = tableOf(result, both)
    const isFitting = lines.every(({ length }) => length <= width)
    if (last !== undefined && isFitting) Object.assign(last, { figures: both, lines })
    else tables.push({ figures: members, lines: tableOf(result, members) })
  }
  return tables.map(({ lines }) => lines)
}

function tableOf(result: ComparisonResult, columns: readonly Figure[]): string[] {
  const { rows } = figureTable(result, columns)
  const heads = columns.map((figure) => wrapped(columnTitle(figure), headWidth))
  const height = Math.max(...heads.map(({ length }) => length))
  const headRows = Array.from({ length: height }, (_, line) => [
    '',
    ...heads.map((head) => `${head[line - (height - head.length)] ?? ''} `),
  ])
  const lines = table([...headRows, ...rows.map(cellsOf)]).map((line) => line.trimEnd())
  const rule = '─'.repeat(Math.max(...lines.map(({ length }) => length)))
  const firstControl = rows.findIndex(({ isControl }) => isControl)
  return [
    ...lines.slice(0, height),
    ...lines
      .slice(height)
      .flatMap((line, row) => (row === 0 || row === firstControl ? [rule, line] : [line])),
  ]
}

function cellsOf({ name, cells }: FigureRow): string[] {
  return [name, ...cells.map(({ value, noise, mark }) => `${spaced(value, noise)}${mark || ' '}`)]
}

function spaced(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ')
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} ${word}`.length <= columns) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}

/** Lines of at most 100 columns, the later ones under the first one's text. */
function folded(text: string, before: string): string {
  return wrapped(text, width - before.length)
    .map((line, index) => `${index === 0 ? before : ' '.repeat(before.length)}${line}`)
    .join('\n')
}
