import { parseArgs } from 'node:util'
import { decimal, duration, httpOrigin, inOneLine, wholeNumber } from '../command-line/arguments.ts'
import { Failure } from '../replay/failure.ts'
import type { Pace } from './load-plan.ts'
import { readWorkload, type WorkloadArguments } from './workload-arguments.ts'

/** What to send, to whom, how fast and for how long. */
export interface LoadArguments {
  readonly targets: readonly string[]
  readonly pace: Pace
  /** Undefined: until the trace ends. */
  readonly durationMs: number | undefined
  readonly warmUpMs: number
  readonly deadlineMs: number
  readonly workload: WorkloadArguments
  readonly isFilled: boolean
  readonly json: string | undefined
  readonly html: string | undefined
}

export const usage = `npm run load -- --target URL (--rate N | --clients N) [options]

  --target URL         where to send; may be repeated: each request goes to the next one
  --rate N             open loop: N requests a second, 1 to 100000, whether or not others were answered;
                       latencies count from when a request was due
  --clients N          closed loop: N clients, 1 to 1000, each sends when its last request was answered
  --duration TIME      30s, 5m, ... (default 30s; of a trace: until it ends)
  --warm-up TIME       before that, and not counted (default 2s; of a trace none)
  --fill               before that, write every user once, so that values have their length
  --deadline TIME      no answer within it is an error (default 10s)

  --cluster N          operation mix, popularity, value bytes and TTL of one of Twitter's clusters, 1 to 54 (default 7)
  --mix PARTS          by hand instead: get=80,put=15,post=4,delete=1
  --skew S             Zipf's exponent, 0 (all users alike) to 3 (default: the cluster's; with --mix 1)
  --value-bytes N      length of a user that is written, as JSON (default: the cluster's; with --mix 0, as it happens)
  --keys N             users 1 to N, which have to be there (default 1000)
  --trace FILE         a trace instead: one key a line, or CSV of time,operation,key,size; plain or gzipped
  --seed N             the same requests for the same number (default 1)

  --json FILE          results as JSON, into a file
  --html FILE          results as a page with charts, into a file

Exits 1 when nothing was answered.`

const options = {
  target: { type: 'string', multiple: true },
  rate: { type: 'string' },
  clients: { type: 'string' },
  duration: { type: 'string' },
  'warm-up': { type: 'string' },
  fill: { type: 'boolean', default: false },
  deadline: { type: 'string', default: '10s' },
  cluster: { type: 'string' },
  mix: { type: 'string' },
  skew: { type: 'string' },
  'value-bytes': { type: 'string' },
  keys: { type: 'string' },
  trace: { type: 'string' },
  seed: { type: 'string', default: '1' },
  json: { type: 'string' },
  html: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

const longestMs = 24 * 3_600_000

/** Undefined when help was asked for. Throws a `Failure` that names the argument. */
export function readArguments(args: readonly string[]): LoadArguments | undefined {
  const values = inOneLine(() => parseArgs({ args: [...args], options }).values)
  if (values.help) return undefined
  if (values.target === undefined) throw new Failure('--target URL is missing (--help shows all)')
  const isTrace = values.trace !== undefined
  const length = values.duration ?? (isTrace ? undefined : '30s')
  const deadlineMs = duration('--deadline', values.deadline, 3_600_000)
  if (deadlineMs === 0) throw new Failure('--deadline: expected more than 0, received "0"')
  return {
    targets: values.target.map((target) => httpOrigin('--target', target)),
    pace: paceOf(values.rate, values.clients),
    durationMs: length === undefined ? undefined : duration('--duration', length, longestMs),
    warmUpMs: duration('--warm-up', values['warm-up'] ?? (isTrace ? '0s' : '2s'), longestMs),
    deadlineMs,
    workload: readWorkload({ ...values, valueBytes: values['value-bytes'] }),
    isFilled: values.fill,
    json: values.json,
    html: values.html,
  }
}

function paceOf(rate: string | undefined, clients: string | undefined): Pace {
  if (rate !== undefined && clients === undefined) {
    return { perSecond: decimal('--rate', rate, 1, 100_000) }
  }
  if (rate === undefined && clients !== undefined) {
    return { clients: wholeNumber('--clients', clients, 1, 1_000) }
  }
  const received = rate === undefined ? 'neither' : 'both'
  throw new Failure(`expected --rate N or --clients N, received ${received} (--help shows all)`)
}
