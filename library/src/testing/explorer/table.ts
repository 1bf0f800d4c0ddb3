import type { Version } from '../../contract/entry.ts'
import { writeTimeout } from '../../contract/errors.ts'
import type {
  Change,
  Expectation,
  Row,
  VersionedSource,
  WriteContext,
} from '../../contract/source.ts'
import type { ExploredRow } from './scenario.ts'

/** The key that all is about. */
export const key = 'k'

/** A state of the row, in the order in which they came to be; `by` is `null` where there was none. */
export interface Commit {
  readonly by: string | null
  readonly version: Version
}

/**
 * The one row of an exploration, as PostgreSQL keeps it: each write takes effect at one instant, draws its version
 * under the row's lock, and refuses to take effect after its deadline.
 */
export class Table {
  /** The first is the state at the beginning. */
  readonly commits: Commit[]
  /** The commits as text, for comparing. */
  text: string
  #sequence: Version

  constructor(hasRow: boolean) {
    this.commits = [hasRow ? { by: 'initial', version: 1 } : { by: null, version: 0 }]
    this.#sequence = hasRow ? 1 : 0
    this.text = ''
  }

  /** What a sequence gives before a lock is waited for: a mistake that can be asked for. */
  draw(): Version {
    this.#sequence += 1
    return this.#sequence
  }

  /** Executes a call of a `VersionedSource`. `drawn`: the version that its insert was given early. */
  execute(
    method: string,
    args: readonly unknown[],
    { now, drawn }: { readonly now: number; readonly drawn: Version | undefined },
  ): unknown {
    if (method === 'load') return this.#row()
    const context = args.at(-1) as WriteContext & Expectation
    if (now > context.deadlineAt) throw writeTimeout()
    const row = this.#row()
    if (method === 'insert' || method === 'put') {
      if (method === 'insert' && row !== undefined) throw new Error('the key is taken')
      if (row !== undefined && isOther(row, context)) return conflict(row)
      const written = this.#write(args[1] as ExploredRow, row === undefined ? drawn : undefined)
      return method === 'insert' ? written : { outcome: 'written', ...written, existed: !!row }
    }
    if (row === undefined) return { outcome: 'missing' }
    if (isOther(row, context)) return conflict(row)
    if (method === 'delete') return { outcome: 'deleted', version: this.#commit(null) }
    const change = args[1] as Change<ExploredRow>
    const value = typeof change === 'function' ? change(row.value) : { ...row.value, ...change }
    return { outcome: 'written', ...this.#write(value), existed: true }
  }

  #row(): Row<ExploredRow> | undefined {
    const { by, version } = this.commits.at(-1) as Commit
    return by === null ? undefined : { value: { by }, version }
  }

  #write(value: ExploredRow, drawn?: Version): Row<ExploredRow> {
    return { value, version: this.#commit(value.by, drawn) }
  }

  #commit(by: string | null, drawn: Version = this.draw()): Version {
    this.commits.push({ by, version: drawn })
    this.text += `${by}=${drawn} `
    return drawn
  }
}

function isOther(row: Row<unknown>, { versions }: Expectation): boolean {
  return versions !== undefined && !versions.includes(row.version)
}

function conflict({ version }: Row<unknown>) {
  return { outcome: 'conflict', version }
}

/** What a process sees of the table: its calls are executed by the world that it is in. */
export const sourceFace: VersionedSource<string, ExploredRow> = {
  versioned: true,
  name: 'table',
  load: notHere,
  nextKey: async () => key,
  insert: notHere,
  update: notHere,
  put: notHere,
  delete: notHere,
}

function notHere(): never {
  throw new Error('a call of the source is not executed where it is made')
}
