import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The repository's own folder. */
export const root = resolve(import.meta.dirname, '../../..')

const generated = /^(node_modules|dist|coverage|\.git|\.data.*)$/

/** Every file below `folder` whose name ends in `ending`, relative to the root, nothing generated. */
export function filesIn(folder: string, ending = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (generated.test(entry.name)) return []
    if (entry.isDirectory()) return filesIn(path, ending)
    return path.endsWith(ending) ? [path] : []
  })
}

/** A file's text. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** A parsed JSON file. */
export function readJson<Shape>(path: string): Shape {
  return JSON.parse(read(path)) as Shape
}

interface Manifest {
  readonly exports: Record<string, string | Record<string, string>>
  readonly dependencies: Record<string, string>
  readonly peerDependencies: Record<string, string>
  readonly peerDependenciesMeta: Record<string, { readonly optional: boolean }>
}

/** The library's own manifest. */
export const manifest = readJson<Manifest>('library/package.json')

/** The entries of the library by the names under which they are imported. */
export const entries = Object.entries(manifest.exports).flatMap(([path, targets]) =>
  typeof targets === 'string' ? [] : [{ name: path.replace('.', 'caching-patterns'), targets }],
)
