import { table } from '../../chaos/table.ts'
import type { Agreement } from '../agreement.ts'

/** Figure by figure, how many pairs have an order, and which came out reversed. */
export function agreementReport(agreements: readonly Agreement[]): string {
  const lines = table([
    ['', 'apart in both', 'in one alone', 'reversed'],
    ...agreements.map(({ figure, orderedInBoth, orderedInOne, reversed }) => [
      figure.title,
      String(orderedInBoth),
      String(orderedInOne),
      String(reversed.length),
    ]),
  ])
  const reversals = agreements.flatMap(({ figure, reversed }) =>
    reversed.map(
      ([better, worse]) =>
        `${figure.title}: ${better} is clearly better than ${worse} in the first run, clearly worse in the second`,
    ),
  )
  const verdict =
    reversals.length === 0
      ? 'The runs agree: no pair of subjects that is apart in both has its order reversed.'
      : `The runs DISAGREE on ${reversals.length} ${reversals.length === 1 ? 'pair' : 'pairs'}:`
  return [...lines, '', verdict, ...reversals.map((line) => `  ${line}`), ''].join('\n')
}

/** Whether no pair is reversed. */
export function isAgreed(agreements: readonly Agreement[]): boolean {
  return agreements.every(({ reversed }) => reversed.length === 0)
}
