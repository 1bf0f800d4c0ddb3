import './light-histograms.ts'
import * as patterns from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { explore, walk } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { read } from '../guards/repository.ts'
import {
  figuresFile,
  generate,
  mutantsWritten,
  pageFile,
  sections,
  shortPageFile,
  withMutant,
  writePage,
} from './generate.ts'
import { mutants } from './mutants.ts'
import { type Figures, scenarioTable } from './page.ts'
import { type Library, scenariosOf } from './scenarios.ts'

const real: Library = { ...patterns, memoryStore }
const figures = (): Figures => JSON.parse(read(figuresFile))
/** `explore`: anew, which takes a quarter of an hour. `write`: only what the page says. */
const wanted = process.env.INTERLEAVINGS

if (wanted === 'explore') test('all is explored anew', () => generate(real), 3_600_000)
if (wanted !== undefined) test('the pages are written', () => writePage(real, figures()), 60_000)

describe('without a protection the explorer finds a broken promise', () => {
  test.each(mutants)(
    '$name',
    async (mutant) => {
      await withMutant(mutant, async (scenario) => {
        const walked = await walk(scenario, { walks: 600 })
        const { counterexample } = walked.counterexample
          ? walked
          : await explore(scenario, { stopsAtViolation: true })
        expect(counterexample?.violation.reason).toMatch(/older-than-confirmed|not-linearizable/)
      })
    },
    120_000,
  )
})

describe('the page shows', () => {
  test('what was explored', () => {
    expect(sections(read(pageFile)).explored).toBe(scenarioTable(scenariosOf(real), figures()))
  })

  test('each mutant, and the schedule that breaks its promise', async () => {
    const { mutants: shown } = sections(read(pageFile))
    const written = await mutantsWritten(figures())
    expect(shown).toBe(written.mutants)
    expect(shown?.match(/^=> /gm)).toHaveLength(mutants.length)
    expect(sections(read(shortPageFile)).protections).toBe(written.protections)
  }, 60_000)
})

test.each(mutants)(
  'the same schedule breaks nothing with it: $name',
  async ({ name, scenario }) => {
    const schedule = figures().mutants[name]?.schedule ?? []
    const playing = scenariosOf(real)[scenario].replay(schedule)
    // without the mistake one of its steps may be none
    const { violation } = await playing.catch((error: unknown) => {
      expect(error).toBeInstanceOf(TypeError)
      return { violation: undefined }
    })
    expect(violation).toBeUndefined()
  },
)
