import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../guards/repository.ts'
import type { Mutant } from './mutants.ts'
import type { Library } from './scenarios.ts'

const dist = join(root, 'library/dist')
/** Below node_modules, where the dependencies of the library are found. */
const cache = join(root, 'node_modules/.cache')

/** The library as it was built, with a mutant's texts in it; `remove` ends it. */
export async function mutated(
  edits: Mutant['edits'],
): Promise<{ readonly library: Library; remove(): void }> {
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'mutant-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const isCode = (path: string) => !/^testing|\.d\.ts$|\.map$/.test(relative(dist, path))
    cpSync(dist, folder, { recursive: true, filter: isCode })
    for (const { file, from, to } of edits) edit(join(folder, file), from, to)
    const load = (file: string) => import(pathToFileURL(join(folder, file)).href)
    return { library: { ...(await load('index.js')), ...(await load('stores/memory.js')) }, remove }
  } catch (error) {
    remove()
    throw error
  }
}

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8')
  const times = text.split(from).length - 1
  if (times !== 1) throw new Error(`${path}: expected once, found ${times} times: ${from}`)
  writeFileSync(
    path,
    text.replace(from, () => to),
  )
}
