import type { Figure, FigureGroup } from './figure.ts'
import { consistencyFigures } from './figures/consistency.ts'
import { crashFigures } from './figures/crash.ts'
import { databaseFigures } from './figures/database.ts'
import { outageFigures } from './figures/outage.ts'
import { speedFigures } from './figures/speed.ts'

/** Every column, in the order in which they are shown. */
export const figures: readonly Figure[] = [
  ...speedFigures,
  ...databaseFigures,
  ...consistencyFigures,
  ...crashFigures,
  ...outageFigures,
]

/** Throws a RangeError for an id that no figure has. */
export function figureOf(id: string): Figure {
  const found = figures.find((figure) => figure.id === id)
  if (found) return found
  throw new RangeError(`expected the id of a figure, received ${JSON.stringify(id)}`)
}

/** Those of a group. */
export function figuresOf(group: FigureGroup): readonly Figure[] {
  return figures.filter((figure) => figure.group === group)
}
