import { resolve } from 'node:path'
import type { SubjectTerms } from './stage.ts'
import { isControl, type SubjectName } from './subject.ts'
import type { SubjectCommand } from './subject-process.ts'

/** Seen from `dist`, or, in tests, from the source. */
const toWorkspace = import.meta.filename.endsWith('.js') ? '../../..' : '../..'
const workspace = resolve(import.meta.dirname, toWorkspace)

/** How a process of a subject is started; `where`: the variables that say where its cache and its database are. */
export function subjectCommand(
  name: SubjectName,
  { users, ttlMs, writeDelayMs }: SubjectTerms,
  where: Readonly<Record<string, string>>,
): SubjectCommand {
  const program = isControl(name) ? 'lab/dist/controls/main.js' : 'services/dist/cli.js'
  return {
    name,
    args: [program, name],
    folder: workspace,
    environment: {
      LOG_LEVEL: 'error',
      SEED_USERS: String(users),
      CACHE_TTL: `${ttlMs}ms`,
      WRITE_DELAY: `${writeDelayMs}ms`,
      // What the service asks to watch itself is no part of a pattern.
      SAMPLE_STALENESS: '0',
      ...where,
    },
  }
}

/** Where its table is, in its database. */
export function schemaOf(name: SubjectName): string {
  return name.replaceAll('-', '_')
}
