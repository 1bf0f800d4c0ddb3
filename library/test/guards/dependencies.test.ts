import { expect, test } from 'vitest'
import { read, readJson } from './repository.ts'

interface Manifest {
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
}

interface Locked {
  readonly optionalDependencies?: Record<string, string>
  readonly resolved?: string
  readonly link?: boolean
}

const { packages } = readJson<{ packages: Record<string, Locked> }>('package-lock.json')

test('every optional dependency of a package is locked, for all platforms', () => {
  // A name is locked beside its dependent, or in any node_modules above it.
  const isLocked = (path: string, name: string): boolean => {
    if (`${path && `${path}/`}node_modules/${name}` in packages) return true
    const above = path.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$|^[^/]+$/, '')
    return path !== '' && isLocked(above, name)
  }
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isLocked(path, name))
      .map((name) => `${path} -> ${name}`),
  )
  expect(missing).toEqual([])
})

test('the lock file names no registry host', () => {
  const hosts = Object.entries(packages).filter(([, { resolved, link }]) => resolved && !link)
  expect(hosts.map(([path]) => path)).toEqual([])
})

test('the page of dependencies gives the reason of each, and of nothing else', () => {
  const manifests = ['', 'library/', 'services/', 'lab/', 'local-servers/'].map((folder) =>
    readJson<Manifest>(`${folder}package.json`),
  )
  const names = manifests.flatMap(({ dependencies, peerDependencies, devDependencies }) =>
    Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies }),
  )
  const page = read('docs/dependencies.md').split('## Overrides')[0] ?? ''
  const rows = [...page.matchAll(/^\| `([^`]+)` \| .+ \| .+ \|$/gm)].map(([, name]) => name)
  expect([...new Set(rows)].sort()).toEqual([...new Set(names)].sort())
})
