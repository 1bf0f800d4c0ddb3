import type { ComparisonResult } from '../comparison-result.ts'
import { type Figure, type FigureGroup, figureGroups } from '../figure.ts'
import { figures, figuresOf } from '../figures.ts'
import { facts } from './facts.ts'
import { columnTitle, type FigureCell, figureTable } from './figure-table.ts'
import { type Finding, figureFindings, subjectFindings } from './findings.ts'
import { groupTitles } from './group-titles.ts'
import { howToRead } from './how-to-read.ts'
import { markdownTable } from './markdown-table.ts'
import { notes } from './notes.ts'
import { subjectSentences } from './subject-sentences.ts'

/** What a report is told of the files beside it. */
export interface ReportOptions {
  /** Of the JSON that it is made from, to be named in it. */
  readonly json?: string
}

/** All tables, what they say, and how to read them. */
export function markdownReport(result: ComparisonResult, options: ReportOptions = {}): string {
  const { json = 'compare.json' } = options
  const said = notes(result)
  return [
    '# Comparison of the five patterns',
    '',
    `Made from [${json}](${json}), which has all samples. \`npm run compare -- --render\` and its path make it again: do not edit it.`,
    '',
    ...markdownTable([['', ''], ...facts(result)], 'left'),
    ...(said.length === 0 ? [] : ['', ...said.map((note) => `- **Note.** ${note}`)]),
    '',
    '## What was compared',
    '',
    ...result.subjects.map(({ name }) => `- **${name}**: ${subjectSentences[name]}`),
    '',
    '## What it shows',
    '',
    ...findingLines(figureFindings(result)),
    '',
    ...findingLines(subjectFindings(result)),
    '',
    ...figureGroups.flatMap((group) => [...groupLines(result, group), '']),
    '## How to read it',
    '',
    ...howToRead(result).map((line) => `- ${line}`),
    '',
    ...markdownTable(
      [
        ['figure', 'id', 'unit', 'better', 'samples', 'what it is'],
        ...figures.map((figure) => legendOf(figure)),
      ],
      'left',
    ),
    '',
  ].join('\n')
}

/** The value with its noise and its mark. */
export function markdownCell({ value, noise, mark }: FigureCell): string {
  return `${mark === '' ? value : `**${value}**`}${noise === '' ? '' : ` ${noise}`}${mark && ' \\*'}`
}

function groupLines(result: ComparisonResult, group: FigureGroup): string[] {
  const { figures: columns, rows } = figureTable(result, figuresOf(group))
  return [
    `## ${groupTitles[group]}`,
    '',
    ...markdownTable(
      [
        ['', ...columns.map(columnTitle)],
        ...rows.map(({ name, isControl, cells }) => [
          isControl ? `_${name}_` : name,
          ...cells.map(markdownCell),
        ]),
      ],
      'right',
    ),
  ]
}

function findingLines(findings: readonly Finding[]): string[] {
  return findings.map(({ of, text }) => `- **${of}.** ${text}`)
}

function legendOf({ title, id, unit, better, measurement, explanation }: Figure): string[] {
  return [title, `\`${id}\``, unit || 'count', better, `\`records.${measurement}\``, explanation]
}
