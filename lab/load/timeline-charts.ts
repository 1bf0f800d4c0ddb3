import { type Axis, linearAxis, millisecondsAxis, secondsAxis } from './axis.ts'
import { lineChart, type Series } from './line-chart.ts'
import type { LoadReport } from './load-report.ts'
import type { Second } from './timeline.ts'
import { count } from './words.ts'

/** What each second was like: how much was answered, how fast, and from where. Empty: there was none. */
export function timelineCharts({ timeline }: LoadReport): string {
  if (timeline.length === 0) return ''
  const seconds = timeline.map(({ atMs }) => atMs / 1_000)
  const x = secondsAxis(Math.max(1, ...seconds))
  // What is left of the last second is less than a second's requests.
  const whole = timeline.filter(({ isWhole }) => isWhole)
  return [requestsChart(whole, x), latencyChart(timeline, x), hitsChart(whole, x)].join('\n')
}

function requestsChart(timeline: readonly Second[], x: Axis): string {
  const hasErrors = timeline.some(({ errors }) => errors > 0)
  return lineChart({
    title: 'Requests that ended, by second',
    unit: '/s',
    x,
    y: linearAxis(Math.max(1, ...timeline.map(({ requests }) => requests)), count),
    series: [
      series('all', '--get', timeline, ({ requests }) => requests),
      ...(hasErrors ? [series('errors', '--error', timeline, ({ errors }) => errors)] : []),
    ],
  })
}

function latencyChart(timeline: readonly Second[], x: Axis): string {
  const times = timeline
    .flatMap(({ p50Ms, p99Ms }) => [p50Ms, p99Ms])
    .filter((ms) => ms !== undefined)
  if (times.length === 0) return ''
  return lineChart({
    title: 'Latency by second',
    unit: 'ms',
    x,
    y: millisecondsAxis(times),
    series: [
      series('p50', '--get', timeline, ({ p50Ms }) => p50Ms),
      series('p99', '--put', timeline, ({ p99Ms }) => p99Ms),
    ],
  })
}

function hitsChart(timeline: readonly Second[], x: Axis): string {
  if (timeline.every(({ hitRatio }) => hitRatio === undefined)) return ''
  const inPercent = ({ hitRatio }: Second) => (hitRatio === undefined ? undefined : 100 * hitRatio)
  return lineChart({
    title: 'Hit ratio by second',
    unit: '%',
    x,
    y: linearAxis(100, String),
    series: [series('hits', '--post', timeline, inPercent)],
  })
}

function series(
  name: string,
  color: Series['color'],
  timeline: readonly Second[],
  figureOf: (second: Second) => number | undefined,
): Series {
  const points = timeline.map((second) => {
    const value = figureOf(second)
    return value === undefined ? undefined : ([second.atMs / 1_000, value] as const)
  })
  return { name, color, points }
}
