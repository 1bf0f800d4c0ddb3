import { parseArgs } from 'node:util'
import { inOneLine, wholeNumber } from '../command-line/arguments.ts'
import { Failure } from '../replay/failure.ts'

/** What to measure, and how long. */
export interface BenchArguments {
  readonly groups: readonly string[]
  readonly rounds: number
  readonly sampleMs: number
  /** Experiments are short, too. */
  readonly isQuick: boolean
  /** Where the samples are written; undefined: the lab's own. */
  readonly results: string | undefined
  readonly asJson: boolean
}

const standard = { rounds: 15, sampleMs: 250 }
const quick = { rounds: 3, sampleMs: 50 }

const options = {
  only: { type: 'string', multiple: true },
  rounds: { type: 'string' },
  results: { type: 'string' },
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** The text of `--help`. */
export function usage(names: readonly string[]): string {
  return `npm run bench -- [GROUP ...] [options]

  GROUP              ${names.join(', ')},
                     or how several begin: write-behind, peers (default: all but peers)
  --only GROUP       the same; may be repeated
  --rounds N         1 to 1000 (default ${standard.rounds})
  --quick            ${quick.rounds} rounds of short samples: does everything run? Its figures say little
  --results FOLDER   where all samples are written, as bench-<date>.json (default lab/results)
  --json             results as JSON on standard output

A target that is missed does not fail the command; a wrong answer does.`
}

/** Undefined when help was asked for. `onRequest`: what runs only when it is named. Throws a `Failure` that names the argument. */
export function readArguments(
  args: readonly string[],
  names: readonly string[],
  onRequest: readonly string[] = [],
): BenchArguments | undefined {
  const { values, positionals } = inOneLine(() =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  )
  if (values.help) return undefined
  const asked = [...positionals, ...(values.only ?? [])]
  const { rounds, sampleMs } = values.quick ? quick : standard
  return {
    groups:
      asked.length > 0
        ? asked.flatMap((name) => known(name, names))
        : names.filter((name) => !onRequest.includes(name)),
    rounds: values.rounds === undefined ? rounds : wholeNumber('--rounds', values.rounds, 1, 1_000),
    sampleMs,
    isQuick: values.quick,
    results: values.results,
    asJson: values.json,
  }
}

function known(start: string, names: readonly string[]): readonly string[] {
  const found = names.filter((name) => name === start || name.startsWith(`${start}-`))
  if (found.length > 0) return found
  throw new Failure(`GROUP: expected ${names.join(', ')}, received ${JSON.stringify(start)}`)
}
