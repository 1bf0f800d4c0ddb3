import { execFileSync } from 'node:child_process'
import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where the programs are; `undefined` for one that is not installed. */
export interface Programs {
  /** `redis-server`, or `valkey-server` where that took its place. */
  readonly redisServer: string | undefined
  /** Both of one version. */
  readonly postgres: { readonly initdb: string; readonly postgres: string } | undefined
  /** Makes the certificate of a server with TLS. */
  readonly openssl: string | undefined
}

/** How to get the servers, a line per platform. */
export const howToInstall = [
  'Debian, Ubuntu: apt-get install redis-server postgresql',
  'Fedora:         dnf install redis postgresql-server',
  'macOS:          brew install redis postgresql@17',
] as const

/** Says which program is missing, and how to get it. */
export class MissingProgramError extends Error {
  override readonly name = 'MissingProgramError'

  constructor(program: string) {
    super([`${program} is not installed.`, ...howToInstall].join('\n  '))
  }
}

/** Folders whose parent may hold several versions side by side. */
const versioned = [
  { parent: '/usr/lib/postgresql', name: /^(\d+)$/ },
  { parent: '/usr', name: /^pgsql-(\d+)$/ },
  { parent: '/opt/homebrew/opt', name: /^postgresql@(\d+)$/ },
  { parent: '/usr/local/opt', name: /^postgresql@(\d+)$/ },
  { parent: '/Applications/Postgres.app/Contents/Versions', name: /^(\d+)$/ },
]
const usual = ['/opt/homebrew/bin', '/usr/local/bin', '/usr/bin', '/usr/local/pgsql/bin']

/** Where to look. */
export interface SearchOptions {
  /** A list of folders, like the default: `PATH`. */
  readonly path?: string
  /** The folder that stands for `/`. */
  readonly root?: string
}

/** Looks in the path, then where package managers put servers, the newest version first. */
export function findPrograms(options: SearchOptions = {}): Programs {
  const { path = process.env.PATH ?? '', root = '/' } = options
  const folders = [
    ...path.split(delimiter).filter((folder) => folder !== ''),
    ...usual.map((folder) => join(root, folder)),
  ]
  return {
    redisServer: find('redis-server', folders) ?? find('valkey-server', folders),
    postgres: findPostgres(folders, root),
    openssl: find('openssl', folders),
  }
}

function findPostgres(folders: readonly string[], root: string): Programs['postgres'] {
  // Debian has the servers of several versions installed at once, and none of them in PATH.
  const candidates = [...folders, ...bindir(find('pg_config', folders)), ...newestFirst(root)]
  for (const folder of candidates) {
    const initdb = find('initdb', [folder])
    const postgres = find('postgres', [folder])
    if (initdb !== undefined && postgres !== undefined) return { initdb, postgres }
  }
  return undefined
}

/** Asks `pg_config`, which also comes without a server: its folder need not hold one. */
function bindir(pgConfig: string | undefined): string[] {
  if (pgConfig === undefined) return []
  try {
    return [execFileSync(pgConfig, ['--bindir'], { encoding: 'utf8', timeout: 5_000 }).trim()]
  } catch {
    return []
  }
}

function newestFirst(root: string): string[] {
  return versioned
    .flatMap(({ parent, name }) =>
      namesIn(join(root, parent)).flatMap((found) => {
        const version = name.exec(found)?.[1]
        const folder = join(root, parent, found, 'bin')
        return version === undefined ? [] : [{ version: Number(version), folder }]
      }),
    )
    .sort((a, b) => b.version - a.version)
    .map(({ folder }) => folder)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function find(program: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
