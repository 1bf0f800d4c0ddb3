import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'

/** Where and when figures were measured. */
export interface Machine {
  readonly date: string
  readonly node: string
  readonly cpu: string
  readonly cpus: number
  /** Of the minute before: what else the machine was doing. */
  readonly load: number
  /** Short hash; `undefined` outside of a checkout. */
  readonly commit: string | undefined
  /** Whether files differ from that commit. */
  readonly isChanged: boolean
  readonly command: string
}

/** Looks before anything is measured. `script`: of package.json, run with these arguments. */
export function thisMachine(script: string, args: readonly string[]): Machine {
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cpus: cpus().length,
    load: loadavg()[0] ?? 0,
    commit: git('rev-parse', '--short', 'HEAD'),
    isChanged: (git('status', '--porcelain') ?? '') !== '',
    command: [`npm run ${script}`, ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
  }
}

function git(...args: string[]): string | undefined {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
    const cwd = import.meta.dirname
    return execFileSync('git', args, { encoding: 'utf8', stdio, cwd, timeout: 5_000 }).trim()
  } catch {
    return undefined
  }
}
