import type { ComparisonResult } from '../comparison-result.ts'
import { chanceOfApart, howRanked } from '../ranking.ts'

/** What a reader of the tables has to know, a paragraph each. */
export function howToRead({ settings }: ComparisonResult): readonly string[] {
  const pairs = chanceOfApart(settings.rounds)
  return [
    howRanked,
    ...(pairs === undefined
      ? []
      : [
          `With ${settings.rounds} rounds, one pair in ${pairs} of subjects that do not differ comes out apart by chance.`,
        ]),
    'Noise is in percent of the figure; of a share, in points of it; where it is more than the figure itself, the range stands there. (one sample): nothing is known of the noise, and nobody is clearly better. A column without any *: nobody is clearly better than anybody.',
    'Controls, in italics or below a rule, do what is common instead of what a pattern does: what a pattern is worth is its distance to them.',
    'needs Redis, needs PostgreSQL: it cannot be measured without that server. no hits, none stale: it was measured, and there were none.',
    'Client, processes and servers share one machine over loopback. Compare figures of one run; do not quote milliseconds.',
  ]
}
