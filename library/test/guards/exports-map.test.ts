import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importsOf } from './imports.ts'
import { entries, filesIn, manifest, read, root } from './repository.ts'

const readme = read('library/README.md').split('\n')

describe.each(entries)('$name', ({ name, targets }) => {
  test('names a source, its types and its code, all of which exist', () => {
    expect(Object.keys(targets)).toEqual(['caching-patterns:source', 'types', 'default'])
    const paths = Object.values(targets)
    expect(paths.filter((path) => !existsSync(join(root, 'library', path)))).toEqual([])
  })

  test('has a row in the README that names every function, class and constant it exports', async () => {
    const source = join(root, 'library', targets['caching-patterns:source'] ?? '')
    const row = readme.find((line) => line.startsWith(`| \`${name}\` |`)) ?? ''
    const documented = [...row.matchAll(/`([^`]+)`/g)].map((match) => match[1])
    expect(documented.slice(1).sort()).toEqual(Object.keys(await import(source)).sort())
  })
})

test('every peer dependency is optional', () => {
  const { peerDependencies, peerDependenciesMeta } = manifest
  const required = Object.keys(peerDependencies).filter((n) => !peerDependenciesMeta[n]?.optional)
  expect(required).toEqual([])
})

test('no declaration names a package that may be missing', () => {
  const declarations = filesIn('library/dist', '.d.ts')
  expect(declarations.length).toBeGreaterThan(10)
  const foreign = declarations.flatMap((file) =>
    importsOf(read(file))
      .filter(({ specifier }) => !/^(\.|node:)/.test(specifier))
      .filter(({ specifier }) => !(specifier in manifest.dependencies))
      .map(({ specifier }) => `${file} -> ${specifier}`),
  )
  expect(foreign).toEqual([])
})

test('an index holds re-exports with explicit names, and nothing else', () => {
  const reExport = /export (type )?\{[^}]*\} from '[^']+'|\/\*[\s\S]*?\*\//g
  const index = filesIn('library/src', '/index.ts')
  expect(index.filter((file) => read(file).replace(reExport, '').trim() !== '')).toEqual([])
})
