import type { ComparisonResult } from '../comparison-result.ts'
import type { Cell, Figure } from '../figure.ts'
import { rank } from '../ranking.ts'
import { isControl, type SubjectName } from '../subject.ts'
import { cellText } from './cell-text.ts'

/** Figures beside each other, subjects below each other: the same for every form of the report. */
export interface FigureTable {
  readonly figures: readonly Figure[]
  readonly rows: readonly FigureRow[]
}

export interface FigureRow {
  readonly name: SubjectName
  readonly isControl: boolean
  readonly cells: readonly FigureCell[]
}

export interface FigureCell {
  readonly cell: Cell
  readonly rank: number | undefined
  readonly value: string
  readonly noise: string
  /** `*`: nobody is clearly better. Empty too where nobody is worse either. */
  readonly mark: string
}

/** Throws where a sample is missing: no cell is ever empty. Controls come last. */
export function figureTable(result: ComparisonResult, figures: readonly Figure[]): FigureTable {
  const columns = figures.map((figure) => columnOf(figure, result))
  const rows = result.subjects.map(({ name }, index) => ({
    name,
    isControl: isControl(name),
    cells: columns.map((column) => column[index] as FigureCell),
  }))
  return {
    figures,
    rows: [...rows.filter((row) => !row.isControl), ...rows.filter((row) => row.isControl)],
  }
}

function columnOf(figure: Figure, result: ComparisonResult): FigureCell[] {
  const ranked = rank(figure, result)
  const isOrdered = ranked.some(({ rank: place = 1 }) => place > 1)
  return ranked.map(({ cell, rank: place }) => ({
    cell,
    rank: place,
    ...cellText(figure, cell),
    mark: isOrdered && place === 1 ? '*' : '',
  }))
}

/** What stands above a column: `hit p50, ms`. */
export function columnTitle({ title, unit }: Figure): string {
  return unit === '' || title.includes('/s') ? title : `${title}, ${unit}`
}
