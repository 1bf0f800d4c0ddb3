import { expect, test } from 'vitest'
import { neighbours, sources } from './imports.ts'

const cleared = new Set<string>()

/** The files of a cycle that is reached from `file`. */
function cycleFrom(file: string, path: string[]): string[] | undefined {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
  if (cleared.has(file)) return undefined
  for (const next of neighbours(file)) {
    const cycle = cycleFrom(next, [...path, file])
    if (cycle) return cycle
  }
  cleared.add(file)
  return undefined
}

test('no file imports itself by way of others, types included', () => {
  expect(sources.map((file) => cycleFrom(file, [])).find((cycle) => cycle)).toBeUndefined()
})
