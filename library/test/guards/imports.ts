import { dirname, relative, resolve } from 'node:path'
import { filesIn, read, root } from './repository.ts'

/** An import or re-export: `isErased` when nothing of it is left at run time, `isLazy` for `import()`. */
export interface Import {
  readonly specifier: string
  readonly isErased: boolean
  readonly isLazy: boolean
}

const statement = /^(?:import|export)\s+(type\s)?(?:[\w*\s{},$]+?\sfrom\s+)?'([^']+)'/gm
const lazy = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

/** What the text of a module imports. */
export function importsOf(text: string): Import[] {
  const code = text.replace(/^\s*(\/\*\*?|\*|\/\/).*$/gm, '')
  return [
    ...[...code.matchAll(statement)].map(([, type, specifier = '']) => ({
      specifier,
      isErased: type !== undefined,
      isLazy: false,
    })),
    ...[...code.matchAll(lazy)].map(([, specifier = '']) => ({
      specifier,
      isErased: false,
      isLazy: true,
    })),
  ]
}

/** The file that a relative import of `file` means. */
export function target(file: string, specifier: string): string {
  return relative(root, resolve(root, dirname(file), specifier))
}

/** Every file of the four members that is no test. */
export const sources = ['library/src', 'services', 'lab', 'local-servers/src']
  .flatMap((folder) => filesIn(folder, '.ts'))
  .filter((file) => !/^(services|lab)\/test\//.test(file))

/** What they import. */
export const imports = sources.flatMap((file) =>
  importsOf(read(file)).map((found) => ({ file, ...found, text: `${file} -> ${found.specifier}` })),
)

/** The files that `file` imports by path. */
export function neighbours(file: string): string[] {
  return imports
    .filter((each) => each.file === file && each.specifier.startsWith('.'))
    .map((each) => target(file, each.specifier))
}
