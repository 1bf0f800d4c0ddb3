import { parseArgs } from 'node:util'
import { inOneLine, wholeNumber } from '../command-line/arguments.ts'
import { readWorkload, type WorkloadArguments } from '../load/workload-arguments.ts'
import { Failure } from '../replay/failure.ts'
import { type SubjectName, subjectNames } from './subject.ts'

/** What to do: measure, or show what was measured. */
export type CompareArguments =
  | { readonly kind: 'measure'; readonly measure: MeasureArguments }
  | { readonly kind: 'render'; readonly file: string }
  | { readonly kind: 'agree'; readonly files: readonly [string, string] }

export interface MeasureArguments {
  readonly isQuick: boolean
  /** Even where servers are installed. */
  readonly isEmbedded: boolean
  readonly subjects: readonly SubjectName[]
  readonly workload: WorkloadArguments
  /** Undefined: as the plan says. */
  readonly rounds: number | undefined
  /** Without an ending: the files get `.json`, `.md` and `.html`. */
  readonly results: string
}

const standard = { keys: '2000', results: 'lab/results/compare' }

export const usage = `npm run compare -- [options]

  --quick              a round of short measurements, in less than three minutes: its figures say little
  --only NAME          ${subjectNames.slice(0, 4).join(', ')},
                       ${subjectNames.slice(4).join(', ')}; may be repeated (default: all)
  --rounds N           of speed, 1 to 100 (default 5)
  --embedded           without servers, even where Redis and PostgreSQL are installed

  --cluster N          operation mix, popularity and value bytes of one of Twitter's clusters, 1 to 54 (default 7)
  --mix PARTS          by hand instead: get=80,put=15,post=4,delete=1
  --skew S             Zipf's exponent, 0 (all users alike) to 3 (default: the cluster's; with --mix 1)
  --value-bytes N      length of a user that is written, as JSON (default: the cluster's)
  --keys N             users that are asked for (default ${standard.keys})
  --trace FILE         a trace instead: one key a line, or CSV of time,operation,key,size; plain or gzipped
  --seed N             the same requests for the same number (default 1)

  --results FILE       where results are written: FILE.json, FILE.md and FILE.html (default ${standard.results})
  --render FILE.json   measures nothing: writes the other files, and README's table, from results
  --agree A.json B.json   measures nothing: do two runs rank the subjects alike?

Exits 1 when a pattern broke a promise, or a control showed nothing; --agree exits 1 when they do not.`

const options = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  rounds: { type: 'string' },
  embedded: { type: 'boolean', default: false },
  cluster: { type: 'string' },
  mix: { type: 'string' },
  skew: { type: 'string' },
  'value-bytes': { type: 'string' },
  keys: { type: 'string' },
  trace: { type: 'string' },
  seed: { type: 'string', default: '1' },
  results: { type: 'string', default: standard.results },
  render: { type: 'string' },
  agree: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** Undefined when help was asked for. Throws a `Failure` that names the argument. */
export function readArguments(args: readonly string[]): CompareArguments | undefined {
  const { values, positionals } = inOneLine(() =>
    parseArgs({ args: [...args], options, allowPositionals: args.includes('--agree') }),
  )
  if (values.help) return undefined
  if (values.render !== undefined) return { kind: 'render', file: values.render }
  if (values.agree) return { kind: 'agree', files: twoOf(positionals) }
  const { trace, keys = trace === undefined ? standard.keys : undefined } = values
  const workload = readWorkload({ ...values, keys, valueBytes: values['value-bytes'] })
  const rounds =
    values.rounds === undefined ? undefined : wholeNumber('--rounds', values.rounds, 1, 100)
  return {
    kind: 'measure',
    measure: {
      isQuick: values.quick,
      isEmbedded: values.embedded,
      subjects: subjectsOf(values.only),
      workload,
      rounds,
      results: values.results.replace(/\.json$/, ''),
    },
  }
}

function twoOf(files: readonly string[]): readonly [string, string] {
  const [one, other, ...more] = files
  if (one !== undefined && other !== undefined && more.length === 0) return [one, other]
  throw new Failure(`--agree: expected two files of results, received ${files.length}`)
}

function subjectsOf(names: readonly string[] | undefined): readonly SubjectName[] {
  const unknown = names?.find((name) => !subjectNames.some((known) => known === name))
  if (unknown === undefined) {
    return subjectNames.filter((name) => names === undefined || names.includes(name))
  }
  const expected = subjectNames.join(', ')
  throw new Failure(`--only: expected ${expected}, received ${JSON.stringify(unknown)}`)
}
