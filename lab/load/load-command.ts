import { request } from 'undici'
import type { Machine } from '../bench/machine.ts'
import { Failure } from '../replay/failure.ts'
import { progressOf } from '../replay/progress.ts'
import { failureName } from '../replay/service.ts'
import type { Operation } from '../workloads/operation.ts'
import type { Workload, WorkloadDescription } from '../workloads/workload.ts'
import type { LoadArguments } from './arguments.ts'
import type { LoadReport } from './load-report.ts'
import { runLoad } from './run-load.ts'
import { type Second, Timeline } from './timeline.ts'
import { count, milliseconds, percent } from './words.ts'
import { workloadOf } from './workload-arguments.ts'

const fillClients = 16
/** Streams other than that of the load itself. */
const warmUpStream = 1

/** Fills, warms up, and measures, and shows on `output` how far it is. A `Failure` when a target does not answer before it begins. */
export async function loadCommand(
  args: LoadArguments,
  machine: Machine,
  output: NodeJS.WriteStream = process.stderr,
): Promise<LoadReport> {
  const workload = await workloadOf(args.workload)
  await Promise.all(args.targets.map(expectAnswer))
  if (args.isFilled) await fill(workload.description, args, output)
  if (args.warmUpMs > 0) await warmUp(workload, args)
  const { durationMs } = args
  const watch = watched(durationMs, workload.description, output)
  return measure(workload, args, { machine, watch })
}

async function expectAnswer(url: string): Promise<void> {
  await request(`${url}/healthz`, { signal: AbortSignal.timeout(10_000) }).then(
    ({ body }) => body.dump(),
    (error: Error) => {
      throw new Failure(`${url} does not answer (${failureName(error)}): is the service running?`)
    },
  )
}

async function fill(
  { keys, valueBytes }: WorkloadDescription,
  args: LoadArguments,
  output: NodeJS.WriteStream,
): Promise<void> {
  const operations = Array.from({ length: keys }, (_, index): Operation => {
    return { kind: 'put', key: index + 1, bytes: valueBytes }
  }).values()
  const progress = progressOf('fill', keys, output)
  let done = 0
  const { kinds, absent } = await runLoad({
    urls: args.targets,
    operations,
    pace: { clients: fillClients },
    deadlineMs: args.deadlineMs,
    onExchange() {
      done += 1
      progress.update(done)
    },
  }).finally(() => progress.stop())
  const [error] = Object.entries(kinds.put.errors)
  if (error !== undefined) {
    throw new Failure(`--fill: ${count(error[1])} of ${count(keys)} writes failed (${error[0]})`)
  }
  if (absent > 0) {
    throw new Failure(
      `--fill: ${count(absent)} of ${count(keys)} users are not there (404): start the service with SEED_USERS=${keys}`,
    )
  }
}

async function warmUp(workload: Workload, args: LoadArguments): Promise<void> {
  await runLoad({
    urls: args.targets,
    operations: workload.operations(warmUpStream),
    pace: args.pace,
    forMs: args.warmUpMs,
    deadlineMs: args.deadlineMs,
  })
}

async function measure(
  workload: Workload,
  args: LoadArguments,
  { machine, watch }: { readonly machine: Machine; readonly watch: Watch },
): Promise<LoadReport> {
  const { targets, pace, durationMs, deadlineMs, warmUpMs, isFilled } = args
  const { description } = workload
  const timeline = new Timeline(watch.onSecond)
  // Ctrl-C ends the load early; another one ends the command.
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  process.once('SIGINT', interrupt)
  let answered = 0
  const result = await runLoad({
    urls: targets,
    operations: until(interruption.signal, workload.operations()),
    pace,
    ...(durationMs === undefined ? {} : { forMs: durationMs }),
    deadlineMs,
    onExchange(exchange) {
      timeline.count(exchange)
      if (exchange.status !== 0) answered += 1
      watch.onExchange()
    },
  }).finally(() => {
    watch.stop()
    process.off('SIGINT', interrupt)
  })
  const seconds = timeline.end()
  const settings = { machine, targets, pace, warmUpMs, deadlineMs, isFilled }
  return { ...settings, workload: description, result, answered, timeline: seconds }
}

interface Watch {
  onSecond(second: Second): void
  onExchange(): void
  stop(): void
}

/** Progress by time, or, of a trace without a duration, by requests; either way what the last second was like. */
function watched(
  durationMs: number | undefined,
  { requests = 1 }: WorkloadDescription,
  output: NodeJS.WriteStream,
): Watch {
  const isTimed = durationMs !== undefined
  const total = Math.max(1, isTimed ? Math.ceil(durationMs / 1_000) : requests)
  const progress = progressOf('load', total, output)
  let done = 0
  return {
    onSecond(second) {
      const at = isTimed ? Math.min(total, second.atMs / 1_000 + 1) : done
      progress.update(at, secondLine(second))
    },
    onExchange() {
      done += 1
    },
    stop: () => progress.stop(),
  }
}

function secondLine({ requests, errors, hitRatio, p50Ms, p99Ms }: Second): string {
  return [
    `${count(requests)}/s`,
    ...(p50Ms === undefined || p99Ms === undefined
      ? []
      : [`p50 ${milliseconds(p50Ms)} p99 ${milliseconds(p99Ms)} ms`]),
    ...(hitRatio === undefined ? [] : [`hits ${percent(hitRatio)}`]),
    `errors ${count(errors)}`,
  ].join(', ')
}

/** The same until the signal. */
function* until(signal: AbortSignal, operations: Iterator<Operation>): Generator<Operation, void> {
  for (let next = operations.next(); !next.done && !signal.aborted; next = operations.next()) {
    yield next.value
  }
}
