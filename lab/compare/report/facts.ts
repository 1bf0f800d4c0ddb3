import type { ComparisonResult } from '../comparison-result.ts'
import { numberText } from './number-text.ts'

/** A line of what was measured where: its name, and what there is to say. */
export type Fact = readonly [name: string, text: string]

/** Where, when and how it was measured: whoever repeats it needs no more. */
export function facts(result: ComparisonResult): readonly Fact[] {
  const { machine, seed, seconds, workload } = result
  const changed = machine.isChanged ? ', with changes that are not in it' : ''
  return [
    ['date', `${machine.date.slice(0, 16).replace('T', ' ')} UTC, ${durationText(seconds)}`],
    ['Node', machine.node],
    ['CPU', `${machine.cpu}, ${machine.cpus} cores, shared by clients, processes and servers`],
    ['commit', machine.commit === undefined ? 'none' : `${machine.commit}${changed}`],
    ['seed', String(seed)],
    ['command', machine.command],
    ['servers', serversText(result)],
    ['load', loadText(result)],
    ['workload', workload.title],
    ['requests', requestsText(result)],
    ...(workload.source === undefined ? [] : [['source', workload.source] as const]),
  ]
}

function durationText(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} minutes`
}

function serversText({ servers: { redis, postgres } }: ComparisonResult): string {
  return [
    redis === undefined ? 'cache in each process' : `Redis ${redis}`,
    postgres === undefined ? 'PostgreSQL in each process' : `PostgreSQL ${postgres}`,
  ].join(', ')
}

function loadText({ settings }: ComparisonResult): string {
  const { rounds, processes, clients, perSecond, ttlMs, writeDelayMs } = settings
  return [
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'}`,
    `${processes} ${processes === 1 ? 'process' : 'processes'} a subject`,
    `${clients} clients, or ${numberText(perSecond)} requests/s (mixed load)`,
    `TTL ${secondsText(ttlMs)}`,
    `write-behind gathers for ${secondsText(writeDelayMs)}`,
  ].join(', ')
}

function secondsText(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${numberText(ms / 1_000)} s`
}

function requestsText({ workload }: ComparisonResult): string {
  const { mix, keys, skew, valueBytes, ttlMs, requests, seed } = workload
  const shares = [
    ['reads', mix.get],
    ['updates', mix.put],
    ['creates', mix.post],
    ['deletes', mix.delete],
  ] as const
  const kinds = shares.filter(([, share]) => share > 0)
  return [
    kinds.map(([kind, share]) => `${numberText(100 * share)} % ${kind}`).join(', '),
    `${numberText(keys)} users`,
    skew === undefined ? 'as popular as in the trace' : `popular by Zipf's law, exponent ${skew}`,
    `values of ${numberText(valueBytes)} bytes`,
    ...(ttlMs === undefined ? [] : [`TTL ${secondsText(ttlMs)} at their owner's`]),
    ...(requests === undefined ? [] : [`${numberText(requests)} requests`]),
    `seed ${seed}`,
  ].join('; ')
}
