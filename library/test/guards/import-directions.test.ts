import { expect, test } from 'vitest'
import { imports, neighbours, sources, target } from './imports.ts'

// Each room, what of the library it may import, and which packages. `node:` modules are open to all but the contract.
const rooms: Record<string, { readonly rooms: string[]; readonly packages?: string[] }> = {
  contract: { rooms: [] },
  mechanisms: { rooms: ['contract'], packages: ['cockatiel'] },
  patterns: { rooms: ['contract', 'mechanisms'] },
  stores: { rooms: ['contract'], packages: [] },
  sources: { rooms: ['contract'] },
  testing: { rooms: ['contract'] },
  prometheus: { rooms: ['contract'] },
  'index.ts': { rooms: ['contract', 'mechanisms', 'patterns'] },
}
const lazyClients: Record<string, string[]> = { sources: ['@electric-sql/pglite'] }
const concrete = /^(caching-patterns\/(memory|redis|postgres)|@electric-sql\/pglite.*|pg|redis)$/

test('rooms of the library import only what their rule allows', () => {
  const wrong = imports.filter(({ file, specifier, isErased, isLazy }) => {
    const [member, , room = ''] = file.split('/')
    if (member !== 'library') return false
    const rule = rooms[room]
    if (rule === undefined) return true
    if (specifier.startsWith('node:')) return room === 'contract'
    if (specifier.startsWith('.')) {
      const [, , other = ''] = target(file, specifier).split('/')
      return other !== room && !rule.rooms.includes(other)
    }
    const mayBeLazy = (isErased || isLazy) && lazyClients[room]?.includes(specifier)
    return !mayBeLazy && !rule.packages?.includes(specifier)
  })
  expect(wrong.map(({ text }) => text)).toEqual([])
})

test('members know each other by public names alone', () => {
  const wrong = imports.filter(({ file, specifier }) => {
    const [member = ''] = file.split('/')
    if (specifier.startsWith('.')) return !target(file, specifier).startsWith(`${member}/`)
    if (member === 'local-servers') return !/^(node:|vitest$)/.test(specifier)
    // Tests, which are not looked at here, may have servers of their own too.
    const isOfServers = specifier.startsWith('@caching-patterns/local-servers')
    return specifier.startsWith('@caching-patterns/') && !(member === 'lab' && isOfServers)
  })
  expect(wrong.map(({ text }) => text)).toEqual([])
})

test('of the services only wiring, and what it alone imports, knows concrete stores and databases', () => {
  const importers = (file: string) => sources.filter((each) => neighbours(each).includes(file))
  const isWiring = (file: string) =>
    file === 'services/wiring.ts' || importers(file).join() === 'services/wiring.ts'
  const wrong = imports.filter(
    ({ file, specifier }) =>
      file.startsWith('services/') && concrete.test(specifier) && !isWiring(file),
  )
  expect(wrong.map(({ text }) => text)).toEqual([])
})
