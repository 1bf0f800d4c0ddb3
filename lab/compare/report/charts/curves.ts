import { build, decodeFromCompressedBase64 } from 'hdr-histogram-js'
import type { Latencies } from '../../../load/latencies.ts'
import type { LoadResult } from '../../../load/load-plan.ts'
import type { ComparisonResult } from '../../comparison-result.ts'
import { quantileOf } from '../../quantile.ts'
import type { SubjectName } from '../../subject.ts'

/** How a subject's values are distributed: at most `value` in a share of them. */
export interface Curve {
  readonly name: SubjectName
  readonly points: readonly { readonly share: number; readonly value: number }[]
}

// A tail that fewer exceeded says nothing of the next run.
const leastBeyond = 10
const stepsPerDecade = 12

/** Of all rounds together, from their histograms; without subjects that have none. */
export function latencyCurves(
  { subjects }: ComparisonResult,
  of: (load: LoadResult) => Latencies,
): Curve[] {
  return subjects
    .map(({ name, records }) => ({
      name,
      points: merged(records.mixed.map(({ load }) => of(load))),
    }))
    .filter(({ points }) => points.length > 0)
}

/** Of the ages of stale reads of all rounds together; without subjects that have none. */
export function ageCurves({ subjects }: ComparisonResult): Curve[] {
  const shares = Array.from({ length: 101 }, (_, percent) => percent / 100)
  return subjects.flatMap(({ name, records }) => {
    const ages = records.staleness.flatMap(({ staleAgesMs }) => staleAgesMs)
    if (ages.length === 0) return []
    const sorted = ages.sort((a, b) => a - b)
    return [{ name, points: shares.map((share) => ({ share, value: quantileOf(sorted, share) })) }]
  })
}

function merged(all: readonly Latencies[]): Curve['points'] {
  const histogram = build({ numberOfSignificantValueDigits: 3 })
  for (const { histogram: text } of all) {
    if (text !== '') histogram.add(decodeFromCompressedBase64(text, 32, false))
  }
  const decades = Math.log10(Math.max(1, histogram.totalCount / leastBeyond))
  const steps = histogram.totalCount === 0 ? 0 : Math.max(1, Math.ceil(decades * stepsPerDecade))
  return Array.from({ length: steps }, (_, step) => {
    const share = 1 - 10 ** (-decades * ((step + 1) / steps))
    return { share, value: histogram.getValueAtPercentile(100 * share) / 1_000 }
  })
}
