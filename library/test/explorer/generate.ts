import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { explore, replay, type Scenario } from 'caching-patterns/testing'
import { read, root } from '../guards/repository.ts'
import { type Mutant, mutants } from './mutants.ts'
import { mutated } from './mutated-library.ts'
import {
  type Figures,
  mutantHead,
  mutantRow,
  mutantSection,
  type ScenarioFigures,
  scenarioTable,
} from './page.ts'
import { type Bounded, type Library, scenariosOf } from './scenarios.ts'

export const pageFile = 'docs/interleavings.md'
/** Has the schedules of the mutants too, in short. */
export const shortPageFile = 'docs/consistency.md'
export const figuresFile = 'library/test/explorer/figures.json'

const marks = /(<!-- (\w+): written by a test -->\n)([\s\S]*?)(\n<!-- \/\2 -->)/g
/** Schedules of one scenario, where its space is larger. */
const maxSchedules = Number(process.env.INTERLEAVINGS_MAX ?? 50_000)

/** The parts of the page that are written by `generate`, by name. */
export function sections(page: string): Record<string, string | undefined> {
  return Object.fromEntries([...page.matchAll(marks)].map(([, , name, text]) => [name, text]))
}

/** Explores all scenarios as far as they go, finds the shortest schedule of each mutant, and writes both down. */
export async function generate(real: Library): Promise<void> {
  const [date = ''] = new Date().toISOString().split('T')
  const scenarios = await exploredScenarios(real)
  const figures = { date, node: process.versions.node, scenarios, mutants: await brokenMutants() }
  writeFileSync(join(root, figuresFile), `${JSON.stringify(figures, null, 2)}\n`)
}

/** Writes what `figures` say, and what their schedules do now. */
export async function writePage(real: Library, figures: Figures): Promise<void> {
  const written: Record<string, string> = {
    explored: scenarioTable(scenariosOf(real), figures),
    ...(await mutantsWritten(figures)),
  }
  for (const file of [pageFile, shortPageFile]) {
    const page = read(file).replace(marks, (...[, open, name, , end]: string[]) =>
      [open, written[name as string], end].join(''),
    )
    writeFileSync(join(root, file), page)
  }
}

/** Each mutant, with what happens in the schedule that breaks its promise: at length, and in short. */
export async function mutantsWritten(figures: Figures) {
  const shown: string[] = []
  const rows: string[] = [...mutantHead]
  for (const mutant of mutants) {
    const { schedule = [], isShortest = false } = figures.mutants[mutant.name] ?? {}
    await withMutant(mutant, async (scenario, bounded) => {
      const played = await replay(scenario, schedule)
      shown.push(mutantSection(mutant, bounded, { played, isShortest }))
      rows.push(mutantRow(mutant, bounded, { played, isShortest }))
    })
  }
  return { mutants: shown.join('\n\n'), protections: rows.join('\n') }
}

/** Runs `use` with a mutant's scenario. */
export async function withMutant(
  { edits, scenario, drawsVersionsEarly = false }: Mutant,
  use: (scenario: Scenario<never>, bounded: Bounded) => Promise<void>,
): Promise<void> {
  const { library, remove } = await mutated(edits)
  try {
    const bounded = scenariosOf(library)[scenario]
    await use({ ...bounded.scenario, drawsVersionsEarly }, bounded)
  } finally {
    remove()
  }
}

async function exploredScenarios(real: Library): Promise<Figures['scenarios']> {
  const scenarios: Record<string, ScenarioFigures> = {}
  for (const [name, scenario] of Object.entries(scenariosOf(real))) {
    const startedAt = performance.now()
    const { schedules, covered, states, isComplete } = await scenario.explore({ maxSchedules })
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10
    scenarios[name] = { schedules, covered, states, isComplete, seconds }
  }
  return scenarios
}

async function brokenMutants(): Promise<Figures['mutants']> {
  const broken: Record<string, Figures['mutants'][string]> = {}
  for (const mutant of mutants) {
    await withMutant(mutant, async (scenario) => {
      const { counterexample } = await explore(scenario, { maxSchedules })
      if (counterexample === undefined) throw new Error(`${mutant.name}: no promise was broken`)
      const { isShortest, schedule } = counterexample
      broken[mutant.name] = { isShortest, schedule }
    })
  }
  return broken
}
