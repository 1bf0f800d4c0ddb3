import { parseArgs } from 'node:util'
import { decimal, duration, inOneLine, wholeNumber } from '../command-line/arguments.ts'
import { readWorkload, type WorkloadArguments } from '../load/workload-arguments.ts'
import { Failure } from '../replay/failure.ts'
import type { Constraints } from './constraints.ts'
import type { TrafficTerms } from './traffic.ts'

/** What is asked, by which traffic, and how it is measured. */
export interface AdviseArguments {
  readonly constraints: Constraints
  readonly measuring: MeasuringArguments
  /** What an earlier run kept: it is judged, and nothing is measured. */
  readonly from: string | undefined
  readonly json: string | undefined
  readonly picture: string | undefined
}

export interface MeasuringArguments {
  readonly workload: WorkloadArguments
  /** Undefined: as the workload has it, else five minutes. */
  readonly ttlMs: number | undefined
  readonly traffic: TrafficTerms
  readonly writeDelayMs: number
  readonly rounds: number
  readonly kills: number
  readonly seed: number
  readonly isEmbedded: boolean
}

/** The text of `--help`. */
export const usage = `npm run advise -- (--trace FILE | --cluster N | --mix PARTS) [constraints] [options]

What you cannot do without:
  --max-staleness D   no read is older than what was committed by more than this, crashes included
  --may-lose none|D   of writes acknowledged before a kill -9 of a service: none is lost, or only those of the last D
  --db-budget N/s     statements that the database may be sent a second
  --max-lag D         from the acknowledgement of a write until the database has it
  --p99 D             of reads and of writes, each

Your traffic:
  --trace FILE        CSV of time (in seconds), operation, key, size, or one key a line; plain or gzipped
  --cluster N         as one of Twitter's caches, 1 to 54: its mix, popularity, value bytes and TTL
  --mix PARTS         by hand: get=80,put=15,post=4,delete=1
  --skew S            Zipf's exponent, 0 (all users alike) to 3 (default: the cluster's; with --mix 1)
  --value-bytes N     length of a user that is written, as JSON (default: the cluster's; with --mix as it happens)
  --keys N            users (default 10000; a trace has its own)
  --ttl D             of entries (default: the most common one of the cluster, else 5m)
  --seed N            the same requests for the same number (default 1)
  --rate N            requests a second, 1 to 20000 (default: as a CSV has them; else 300)
  --speed X           a CSV's times, so many times as fast; TTL and write delay are as much shorter, statements/s are
                      scaled down again

How it is measured (D: a duration such as 250ms, 1s, 5m):
  --duration D        of the requests that count, in each round, 1s to 1h (default 8s)
  --warm-up N         requests before them, which fill the cache as fast as they are answered, 0 to 1000000
                      (default 5000; of a trace at most a third)
  --rounds N          1 to 20 (default 3)
  --kills N           kill -9 of processes of each pattern, 0 to 50 (default 3)
  --write-delay D     how long write-behind gathers writes (default 1s)
  --embedded          without Redis and PostgreSQL, also when they are installed
  --json FILE         all samples, the verdicts and the order, into a file
  --from FILE         judges what --json kept of an earlier run, by the constraints that are given now, or by its own
  --picture FILE      an SVG of the answer

Exits 1 when it could not run, 3 when no pattern satisfies.`

const options = {
  trace: { type: 'string' },
  cluster: { type: 'string' },
  mix: { type: 'string' },
  skew: { type: 'string' },
  'value-bytes': { type: 'string' },
  keys: { type: 'string' },
  ttl: { type: 'string' },
  seed: { type: 'string', default: '1' },
  'max-staleness': { type: 'string' },
  'may-lose': { type: 'string' },
  'db-budget': { type: 'string' },
  'max-lag': { type: 'string' },
  p99: { type: 'string' },
  rate: { type: 'string' },
  speed: { type: 'string' },
  duration: { type: 'string', default: '8s' },
  'warm-up': { type: 'string', default: '5000' },
  rounds: { type: 'string', default: '3' },
  kills: { type: 'string', default: '3' },
  'write-delay': { type: 'string', default: '1s' },
  embedded: { type: 'boolean', default: false },
  json: { type: 'string' },
  from: { type: 'string' },
  picture: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

const standardKeys = '10000'
const yearMs = 365 * 86_400_000

type Values = ReturnType<typeof parsed>

/** Undefined when help was asked for. Throws a `Failure` that names the argument. */
export function readArguments(args: readonly string[]): AdviseArguments | undefined {
  const values = parsed(args)
  if (values.help) return undefined
  const { trace, cluster, mix, from } = values
  const given = [trace, cluster, mix, from].filter((each) => each !== undefined)
  if (given.length !== 1) {
    throw new Failure(
      'give one of --trace FILE, --cluster N, --mix PARTS and --from FILE (--help shows all)',
    )
  }
  return {
    constraints: constraintsOf(values),
    measuring: {
      workload: readWorkload({
        ...values,
        keys: values.keys ?? (trace === undefined ? standardKeys : undefined),
        valueBytes: values['value-bytes'],
      }),
      ttlMs: values.ttl === undefined ? undefined : ttlOf(values.ttl),
      traffic: trafficOf(values),
      writeDelayMs: duration('--write-delay', values['write-delay'], 3_600_000),
      rounds: wholeNumber('--rounds', values.rounds, 1, 20),
      kills: wholeNumber('--kills', values.kills, 0, 50),
      seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
      isEmbedded: values.embedded,
    },
    ...{ from, json: values.json, picture: values.picture },
  }
}

function parsed(args: readonly string[]) {
  return inOneLine(() => parseArgs({ args: [...args], options }).values)
}

function constraintsOf(values: Values): Constraints {
  const durationOf = (name: 'max-staleness' | 'may-lose' | 'max-lag' | 'p99') => {
    const text = values[name]
    return text === undefined ? undefined : duration(`--${name}`, text, yearMs)
  }
  const budget = values['db-budget']?.replace(/\/s$/, '')
  return {
    maxStalenessMs: durationOf('max-staleness'),
    mayLoseMs: values['may-lose'] === 'none' ? 0 : durationOf('may-lose'),
    dbBudget: budget === undefined ? undefined : decimal('--db-budget', budget, 0, 1e9),
    maxLagMs: durationOf('max-lag'),
    p99Ms: durationOf('p99'),
  }
}

function trafficOf(values: Values): TrafficTerms {
  const forMs = duration('--duration', values.duration, 3_600_000)
  if (forMs < 1_000) {
    throw new Failure(`--duration: expected 1s to 1h, received ${JSON.stringify(values.duration)}`)
  }
  return {
    perSecond:
      values.rate === undefined ? undefined : wholeNumber('--rate', values.rate, 1, 20_000),
    speed:
      values.speed === undefined ? undefined : decimal('--speed', values.speed, 0.001, 1_000_000),
    warmUp: wholeNumber('--warm-up', values['warm-up'], 0, 1_000_000),
    forMs,
  }
}

function ttlOf(text: string): number {
  const ms = duration('--ttl', text, yearMs)
  if (ms > 0) return ms
  throw new Failure(`--ttl: expected more than 0, received ${JSON.stringify(text)}`)
}
