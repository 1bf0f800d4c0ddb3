import { parseArgs } from 'node:util'
import { inOneLine, wholeNumber } from '../command-line/arguments.ts'
import { Failure } from '../replay/failure.ts'
import { controlOf, patternNames, type SubjectName, subjectNames } from './subjects.ts'

/** What to break, for how long, and by which seed. */
export interface ChaosArguments {
  readonly subjects: readonly SubjectName[]
  /** Of traffic, in all. */
  readonly seconds: number
  readonly seed: number
  /** Undefined: as many as the subject needs. */
  readonly processes: number | undefined
  readonly clients: number | undefined
  readonly hasOutbox: boolean
  /** `appendfsync` of the journal. */
  readonly fsync: 'always' | 'everysec'
  /** Where that Redis keeps it; else in memory. */
  readonly isOnDisk: boolean
  readonly json: string | undefined
}

export const usage = `npm run chaos -- [options]

  --pattern NAME   ${patternNames.join(', ')},
                   naive and naive-write-behind (the controls), or all (default): one after the other
  --without NAME   all but this one; may be repeated
  --control        the pattern's control too, after the pattern
  --seconds S      of traffic in all, shared by the patterns, 5 to 86400 (default 60)
  --seed N         the same faults and requests for the same number (default 1)
  --processes N    processes of a service, 1 to 8 (default 2; of write-behind 3)
  --clients N      clients, each with one request under way, 1 to 256 (default 32; of write-behind 64)
  --outbox         services with OUTBOX=on
  --fsync POLICY   of the journal's Redis: always (default), or everysec, by which what a kill costs is no failure
  --disk           the journal's Redis writes to the disk, not to memory: slower, and a kill finds it at work
  --json FILE      results as JSON, into a file
  --embedded       write-behind without servers, killed again and again (--embedded --help says more)

Exits 1 when a promise was broken, a planned fault did not happen, or the control showed nothing; 2 when it could not run.`

const options = {
  pattern: { type: 'string', default: 'all' },
  without: { type: 'string', multiple: true },
  control: { type: 'boolean', default: false },
  seconds: { type: 'string', default: '60' },
  seed: { type: 'string', default: '1' },
  processes: { type: 'string' },
  clients: { type: 'string' },
  outbox: { type: 'boolean', default: false },
  fsync: { type: 'string', default: 'always' },
  disk: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

/** Undefined when help was asked for. Throws a `Failure` that names the argument. */
export function readArguments(args: readonly string[]): ChaosArguments | undefined {
  const values = inOneLine(() => parseArgs({ args: [...args], options }).values)
  if (values.help) return undefined
  const subjects = subjectsOf(values)
  const least = leastSeconds * subjects.length
  return {
    subjects,
    seconds: wholeNumber('--seconds', values.seconds, least, 86_400),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    processes: values.processes ? wholeNumber('--processes', values.processes, 1, 8) : undefined,
    clients: values.clients ? wholeNumber('--clients', values.clients, 1, 256) : undefined,
    hasOutbox: values.outbox,
    fsync: oneOf('--fsync', values.fsync, ['always', 'everysec']),
    isOnDisk: values.disk,
    json: values.json,
  }
}

const leastSeconds = 5
/** Of the control of write-behind, beside it: what it loses shows soon. */
const ledgerShares: Partial<Record<SubjectName, number>> = { 'write-behind': 3 }

/** What one of the subjects gets of the traffic. In company of its control alone write-behind gets three quarters. */
export function secondsOf(
  name: SubjectName,
  { subjects, seconds }: Pick<ChaosArguments, 'subjects' | 'seconds'>,
): number {
  const shareOf = (each: SubjectName) => (subjects.length > 2 ? 1 : (ledgerShares[each] ?? 1))
  const shares = subjects.reduce((sum, each) => sum + shareOf(each), 0)
  return (seconds * shareOf(name)) / shares
}

interface Named {
  readonly pattern: string
  readonly without?: readonly string[] | undefined
  readonly control: boolean
}

function subjectsOf({ pattern, without = [], control }: Named): readonly SubjectName[] {
  const named: readonly SubjectName[] =
    pattern === 'all' ? subjectNames : [oneOf('--pattern', pattern, subjectNames, ['all'])]
  const left = without.map((name) => oneOf('--without', name, subjectNames))
  const all = control ? [...named, ...named.map(controlOf)] : named
  const subjects = [...new Set(all)].filter((name) => !left.includes(name))
  if (subjects.length > 0) return subjects
  throw new Failure('--without: expected at least one that is left, received all of them')
}

function oneOf<Name extends string>(
  argument: string,
  text: string,
  names: readonly Name[],
  also: readonly string[] = [],
): Name {
  const found = names.find((each) => each === text)
  if (found !== undefined) return found
  const all = [...names, ...also]
  const expected = `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`
  throw new Failure(`${argument}: expected ${expected}, received ${JSON.stringify(text)}`)
}
