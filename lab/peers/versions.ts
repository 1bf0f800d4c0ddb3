import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

/** The versions of the packages that are installed, by name. */
export async function versionsOf(names: Iterable<string>): Promise<Record<string, string>> {
  const found = await Promise.all(
    [...new Set(names)].map(async (name) => [name, await installed(name)]),
  )
  return Object.fromEntries(found)
}

/** Of the folders above a package's entry, the first whose manifest has a version: some hold one that only says how to load. */
async function installed(name: string): Promise<string> {
  let folder = dirname(entryOf(name))
  while (folder !== dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')
    const { version } = JSON.parse(text) as { version?: string }
    if (version !== undefined) return version
    folder = dirname(folder)
  }
  throw new Error(`${name}: no manifest above ${entryOf(name)}`)
}

function entryOf(name: string): string {
  try {
    return require.resolve(name)
  } catch {
    // Of a package without an entry for `require`.
    return fileURLToPath(import.meta.resolve(name))
  }
}
