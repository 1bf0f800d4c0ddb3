import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { operationKinds } from '../workloads/operation.ts'
import { millisecondsAxis } from './axis.ts'
import type { Latencies } from './latencies.ts'
import { lineChart, type Series } from './line-chart.ts'
import type { LoadReport } from './load-report.ts'

const stepsADecade = 12

/** How long operations took, by the share of them that took no longer. Empty: there are none. */
export function percentileChart({ result }: LoadReport): string {
  const kinds = operationKinds.filter((kind) => result.kinds[kind].latencies.count > 0)
  if (kinds.length === 0) return ''
  const all = kinds.map((kind) => result.kinds[kind].latencies)
  const decades = Math.max(...all.map(decadesOf))
  return lineChart({
    title: 'Latency by percentile',
    unit: 'ms',
    x: {
      at: (decade) => decade / decades,
      ticks: Array.from({ length: decades + 1 }, (_, decade) => {
        return { value: decade, label: `${percentileAt(decade)} %` }
      }),
    },
    y: millisecondsAxis(all.flatMap(({ p50Ms, maxMs }) => [p50Ms, maxMs])),
    series: kinds.map((kind) => {
      const points = pointsOf(result.kinds[kind].latencies)
      return { name: kind.toUpperCase(), color: `--${kind}` as const, points }
    }),
  })
}

/** Nines that can be told: beyond them one request decides. */
function decadesOf({ count }: Latencies): number {
  return Math.max(1, Math.floor(Math.log10(count)))
}

function pointsOf(latencies: Latencies): Series['points'] {
  const histogram = decodeFromCompressedBase64(latencies.histogram)
  const steps = decadesOf(latencies) * stepsADecade
  return Array.from({ length: steps + 1 }, (_, index) => {
    const decade = index / stepsADecade
    const ms = histogram.getValueAtPercentile(100 - 100 / 10 ** decade) / 1_000
    return [decade, Math.min(ms, latencies.maxMs)] as const
  })
}

function percentileAt(decade: number): string {
  return (100 - 100 / 10 ** decade).toFixed(Math.max(0, decade - 2))
}
