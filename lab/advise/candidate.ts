import type { AdviceResult, PatternName } from './advice-result.ts'
import type { PatternFigures } from './pattern-figures.ts'

/** A pattern, and what is known of where it ran. */
export interface Candidate {
  readonly name: PatternName
  readonly figures: PatternFigures
  readonly settings: AdviceResult['settings']
  readonly servers: AdviceResult['servers']
}
