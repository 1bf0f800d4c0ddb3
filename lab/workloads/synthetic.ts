import { type Random, seededRandom, shuffledIds } from '../soak/random.ts'
import { type Operation, type OperationKind, operationKinds } from './operation.ts'
import type { Workload, WorkloadDescription } from './workload.ts'
import { zipf } from './zipf.ts'

/** What a synthetic workload is drawn from, beside what is said of it. */
export interface Figures extends Omit<WorkloadDescription, 'mix' | 'skew'> {
  /** In any unit, and 0 where one is missing. */
  readonly mix: Partial<Readonly<Record<OperationKind, number>>>
  readonly skew: number
}

/** Shares of at most this exponent are drawn: in production there are none above. */
const greatestSkew = 3

/** Requests without end, each drawn from the mix and, apart from that, from a Zipf distribution over the users. */
export function synthetic(figures: Figures): Workload {
  const { keys, skew, seed, valueBytes } = figures
  if (!(Number.isSafeInteger(keys) && keys > 0)) {
    throw new RangeError(`keys: expected a whole number from 1, received ${keys}`)
  }
  if (!(skew >= 0 && skew <= greatestSkew)) {
    throw new RangeError(`skew: expected a number from 0 to ${greatestSkew}, received ${skew}`)
  }
  const description = { ...figures, mix: sharesOf(figures.mix) }
  const ids = shuffledIds(keys, seededRandom(seed))
  const rankBy = zipf(keys, skew)
  const kindBy = kindsOf(description.mix)
  return {
    description,
    *operations(stream = 0): Generator<Operation, never> {
      const random = seededRandom(seed, stream)
      for (;;) {
        const kind = kindBy(random)
        const key = ids[rankBy(random)] as number
        yield { kind, key, bytes: kind === 'put' || kind === 'post' ? valueBytes : 0 }
      }
    },
  }
}

/** The same parts, together 1. Throws when there are none. */
function sharesOf(mix: Figures['mix']): Record<OperationKind, number> {
  const parts = operationKinds.map((kind) => mix[kind] ?? 0)
  const sum = parts.reduce((all, part) => all + part, 0)
  if (!(sum > 0 && parts.every((part) => part >= 0))) {
    throw new RangeError(`mix: expected parts of which one is above 0, received ${parts}`)
  }
  const [get, post, put, remove] = parts.map((part) => part / sum) as [
    number,
    number,
    number,
    number,
  ]
  return { get, post, put, delete: remove }
}

function kindsOf(mix: Readonly<Record<OperationKind, number>>): (random: Random) => OperationKind {
  // Kinds that have no share can not be drawn, whatever is left over by rounding.
  const kinds = operationKinds.filter((kind) => mix[kind] > 0)
  const last = kinds.at(-1) as OperationKind
  return (random) => {
    let left = random()
    for (const kind of kinds) {
      left -= mix[kind]
      if (left < 0) return kind
    }
    return last
  }
}
