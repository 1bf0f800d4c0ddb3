import { parseArgs } from 'node:util'
import { inOneLine, wholeNumber } from '../command-line/arguments.ts'
import { Failure } from '../replay/failure.ts'
import { patternNames, type SubjectName, subjectNames } from './subjects.ts'

/** What to break, for how long, and by which seed. */
export interface ChaosArguments {
  readonly subjects: readonly SubjectName[]
  /** Of traffic, for each subject. */
  readonly secondsEach: number
  readonly seed: number
  readonly processes: number
  readonly clients: number
  readonly hasOutbox: boolean
  readonly json: string | undefined
}

export const usage = `npm run chaos -- [options]

  --pattern NAME   ${patternNames.join(', ')},
                   naive (the control), or all (default): these six, one after the other
  --control        the control too, after the pattern
  --seconds S      of traffic in all, shared by the patterns, 5 to 86400 (default 60)
  --seed N         the same faults and requests for the same number (default 1)
  --processes N    processes of a service, 1 to 8 (default 2)
  --clients N      clients, each with one request under way, 1 to 256 (default 32)
  --outbox         services with OUTBOX=on
  --json FILE      results as JSON, into a file

Exits 1 when a promise was broken, a planned fault did not happen, or the control showed nothing; 2 when it could not run.`

const options = {
  pattern: { type: 'string', default: 'all' },
  control: { type: 'boolean', default: false },
  seconds: { type: 'string', default: '60' },
  seed: { type: 'string', default: '1' },
  processes: { type: 'string', default: '2' },
  clients: { type: 'string', default: '32' },
  outbox: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

/** Undefined when help was asked for. Throws a `Failure` that names the argument. */
export function readArguments(args: readonly string[]): ChaosArguments | undefined {
  const values = inOneLine(() => parseArgs({ args: [...args], options }).values)
  if (values.help) return undefined
  const named = subjectsOf(values.pattern)
  const subjects = values.control && !named.includes('naive') ? [...named, 'naive' as const] : named
  const least = 5 * subjects.length
  return {
    subjects,
    secondsEach: wholeNumber('--seconds', values.seconds, least, 86_400) / subjects.length,
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    processes: wholeNumber('--processes', values.processes, 1, 8),
    clients: wholeNumber('--clients', values.clients, 1, 256),
    hasOutbox: values.outbox,
    json: values.json,
  }
}

function subjectsOf(name: string): readonly SubjectName[] {
  if (name === 'all') return subjectNames
  const subject = subjectNames.find((each) => each === name)
  if (subject !== undefined) return [subject]
  const expected = `${subjectNames.join(', ')} or all`
  throw new Failure(`--pattern: expected ${expected}, received ${JSON.stringify(name)}`)
}
