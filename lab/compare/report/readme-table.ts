import { Failure } from '../../replay/failure.ts'
import type { ComparisonResult } from '../comparison-result.ts'
import { figureOf } from '../figures.ts'
import { facts } from './facts.ts'
import { figureTable } from './figure-table.ts'
import { markdownCell } from './markdown-report.ts'
import { markdownTable } from './markdown-table.ts'
import { runNotes } from './notes.ts'

const columns = [
  ['reads-per-second', 'reads/s'],
  ['write-p50', 'write p50, ms'],
  ['write-p99', 'write p99, ms'],
  ['hit-ratio', 'hits, %'],
  ['statements', 'statements / 1,000 requests'],
  ['stale-reads', 'stale reads, %'],
  ['lag-p50', 'database behind by, ms'],
  ['lost-writes', 'writes lost by a kill'],
  ['reads-redis-frozen', 'reads answered, Redis frozen, %'],
  ['reads-postgres-down', 'reads answered, PostgreSQL down, %'],
] as const

/** Of what README shows, from the folder that it is in. */
export const committedResults = 'lab/results/compare.json'

const begin = '<!-- compare:begin -->'
const end = '<!-- compare:end -->'

/** The short table of the README, between its markers, with where it was measured and how to repeat it. */
export function readmeTable(result: ComparisonResult): string {
  const { rows } = figureTable(
    result,
    columns.map(([id]) => figureOf(id)),
  )
  const { date, Node, CPU, commit, seed, command, servers } = Object.fromEntries(facts(result))
  return [
    begin,
    ...markdownTable(
      [
        ['', ...columns.map(([, title]) => title)],
        ...rows.map(({ name, isControl, cells }) => [
          isControl ? `_${name}_` : name,
          ...cells.map(markdownCell),
        ]),
      ],
      'right',
    ),
    '',
    // One paragraph, one line: README may have 200.
    [
      `Median of ${result.settings.rounds} rounds (of lost writes, of kills), ± how far they lie from it; **bold** \\*: nobody is clearly better. Italics: controls.`,
      ...runNotes(result),
      `${date}; Node ${Node}; ${CPU}; ${servers}; commit ${commit}; seed ${seed}. Repeat it with \`${command}\`.`,
      '[All figures](lab/results/compare.md), [the page with charts](lab/results/compare.html), [how to read them](lab/README.md#comparison-how-to-read-it).',
    ].join(' '),
    end,
  ].join('\n')
}

/** The page with its table made anew; undefined where it has no markers. Throws a `Failure` for one of them alone. */
export function withReadmeTable(page: string, result: ComparisonResult): string | undefined {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 && to < 0) return undefined
  if (from < 0 || to < from) throw new Failure(`README.md: expected ${begin}, then ${end}`)
  return page.slice(0, from) + readmeTable(result) + page.slice(to + end.length)
}
