import { parseArgs } from 'node:util'
import { inOneLine, wholeNumber } from '../command-line/arguments.ts'
import { Failure } from '../replay/failure.ts'
import { peerNames } from './peers.ts'

/** Whom to put into which situations. */
export interface PeersArguments {
  readonly peers: readonly string[]
  /** Names of their forms; undefined: all. */
  readonly forms: readonly string[] | undefined
  /** Their numbers; undefined: all. */
  readonly scenarios: readonly number[] | undefined
  readonly lanes: number
  /** Where the figures are written; undefined: nowhere. */
  readonly results: string | undefined
}

/** How many situations there are. */
const last = 7
const options = {
  only: { type: 'string', multiple: true },
  form: { type: 'string', multiple: true },
  scenario: { type: 'string', multiple: true },
  lanes: { type: 'string', default: '8' },
  results: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

/** The text of `--help`. */
export const usage = `npm run peers -- [options]

  --only NAME        ${peerNames.join(', ')}; may be repeated (default: all)
  --form NAME        one of its forms, as the table names it; may be repeated (default: all)
  --scenario N       1 invalidation during a load, 2 set during a load, 3 many callers, 4 failing load,
                     5 three processes, 6 Redis away, 7 missed message; may be repeated (default: all)
  --lanes N          how many run at a time, 1 to 16 (default 8)
  --results FILE     where the figures are written, as JSON (default: nowhere)`

/** Undefined when help was asked for. Throws a `Failure` that names the argument. */
export function readArguments(args: readonly string[]): PeersArguments | undefined {
  const values = inOneLine(() => parseArgs({ args: [...args], options }).values)
  if (values.help) return undefined
  return {
    peers: (values.only ?? peerNames).map(known),
    forms: values.form,
    scenarios: values.scenario?.map((text) => wholeNumber('--scenario', text, 1, last)),
    lanes: wholeNumber('--lanes', values.lanes, 1, 16),
    results: values.results,
  }
}

function known(name: string): string {
  if (peerNames.includes(name)) return name
  throw new Failure(`--only: expected ${peerNames.join(', ')}, received ${JSON.stringify(name)}`)
}
