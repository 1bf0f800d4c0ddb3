import { execFileSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { entries, manifest, root } from './repository.ts'

// Resolves what is installed beside the library alone: its own files and its dependencies.
const hooks = `export async function resolve(specifier, context, next) {
  const installed = ${JSON.stringify(Object.keys(manifest.dependencies))}
  const isThere = /^(\\.|\\/|node:|file:|data:)/.test(specifier) || installed.includes(specifier)
  if (!isThere) throw new Error('not installed: ' + specifier)
  return next(specifier, context)
}`

// Imports the entry, and prints the timers, handles, listeners and globals that it left behind.
const probe = `import { register } from 'node:module'
const [entry, hooks] = process.argv.slice(1)
register('data:text/javascript,' + encodeURIComponent(hooks))
await import('data:text/javascript,')
const state = () => [
  ...process.getActiveResourcesInfo(),
  ...process.eventNames(),
  ...Object.getOwnPropertyNames(globalThis),
]
const before = state()
await import(entry)
const after = state()
for (const item of before) if (after.includes(item)) after.splice(after.indexOf(item), 1)
console.log(JSON.stringify(after))
process.exit()`

test.each(entries)('$name loads alone, needs no optional peer, leaves nothing behind', (entry) => {
  const url = pathToFileURL(`${root}/library/${entry.targets.default}`).href
  const run = ['--input-type=module', '--eval', probe, url, hooks]
  const leftBehind = execFileSync(process.execPath, run, { encoding: 'utf8', timeout: 10_000 })
  expect(JSON.parse(leftBehind)).toEqual([])
})
