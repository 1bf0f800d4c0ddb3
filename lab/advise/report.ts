import { table } from '../chaos/table.ts'
import type { AdviceResult, AdviceSettings } from './advice-result.ts'
import { answer } from './answer.ts'
import { constraintsText } from './constraints-text.ts'
import { durationText } from './duration-text.ts'
import { figureRows } from './figure-rows.ts'
import { verdictsOf } from './verdict.ts'

/** What was asked and measured, the figures, the answer, and why the others fall out. */
export function report(result: AdviceResult): string {
  const verdicts = verdictsOf(result)
  return [
    ...heading(result),
    '',
    ...table(figureRows(verdicts, result)),
    '',
    ...notes(result),
    '',
    ...answer(verdicts, result),
  ].join('\n')
}

function heading(result: AdviceResult): string[] {
  const { machine, workload, settings, servers, seconds, constraints } = result
  const { date, node, cpu, cpus, load, commit, isChanged, command } = machine
  const at = commit === undefined ? 'no commit' : `commit ${commit}${isChanged ? ', changed' : ''}`
  const shares = Object.entries(workload.mix).filter(([, share]) => share > 0)
  const mix = shares.map(([kind, share]) => `${kind} ${percent(share)}`).join(', ')
  const skew = workload.skew === undefined ? '' : `, Zipf ${workload.skew}`
  return [
    `${date.slice(0, 16).replace('T', ' ')} UTC | Node ${node} | ${cpu}, ${cpus} cores | ${at}`,
    `${command} | ${seconds} s`,
    ...(load > cpus / 4
      ? [`Something else was running: load ${load.toFixed(1)} before the start. Expect noise.`]
      : []),
    '',
    `${workload.title}: ${mix}; ${workload.keys.toLocaleString('en')} users${skew}`,
    paceText(settings),
    `entries live ${durationText(settings.ttlMs)}; write-behind gathers for ${durationText(settings.writeDelayMs)}; ${serversText(servers, settings)}`,
    `asked: ${constraintsText(constraints)}`,
  ]
}

function paceText({ perSecond, speed, forMs, rounds, warmUp }: AdviceSettings): string {
  const times = speed === 1 ? 'at the times of the trace' : `${speed} times as fast as the trace`
  const pace = perSecond === undefined ? times : `${perSecond.toLocaleString('en')} requests/s`
  return `${pace} for ${durationText(forMs)}, ${rounds} rounds in turn; before each ${warmUp.toLocaleString('en')} requests that fill the cold cache and do not count`
}

function serversText(
  { redis, postgres }: AdviceResult['servers'],
  { processes }: AdviceSettings,
): string {
  if (redis === undefined || postgres === undefined) {
    return 'embedded: cache and database in the one process of each service'
  }
  return `${processes} processes each, Redis ${redis} (appendfsync always), PostgreSQL ${postgres.split(' ')[0]} (fsync)`
}

function notes({ workload, settings, patterns, noCache }: AdviceResult): string[] {
  const replays = [...patterns.flatMap((pattern) => pattern.replays), ...noCache]
  const sum = (of: (replay: (typeof replays)[number]) => number) =>
    replays.reduce((all, replay) => all + of(replay), 0)
  const requests = sum((replay) => replay.requests)
  const late = sum(({ sentLate }) => sentLate)
  const longestMs = settings.forMs * settings.speed
  const { get, ...others } = workload.mix
  return [
    'Wait: mean of all requests of the mix, from when each was due; ± and brackets: the rounds. Statements: until all is written, without',
    'BEGIN and COMMIT. Lag: of 100 writes with nothing else under way. After kill -9, and lost: by writes of its own, with a TTL of',
    `${durationText(settings.killTtlMs)}, servers 0 to 5 ms away. A fresh cache: hit ratios are those of the requests after the warm-up.`,
    ...(settings.ttlMs > longestMs
      ? [`The TTL is longer than a round: hardly an entry expired.`]
      : []),
    ...(Object.values(others).every((share) => share === 0)
      ? [
          'This traffic writes nothing: what is said of writes is said of those that were made to measure it.',
        ]
      : []),
    ...patterns.flatMap(({ name, troubles }) =>
      troubles.map((trouble) => `Not measured, ${name}, ${trouble}.`),
    ),
    ...(workload.source === undefined ? [] : [`Source: ${workload.source}.`]),
    ...workload.notes.map((note) => `Note: ${note}.`),
    ...(late > 0.01 * requests
      ? [
          `${percent(late / requests)} of the requests were sent late: this machine is at its limit, take a lower --rate or --speed.`,
        ]
      : []),
  ]
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`
}
