import type { Random } from '../soak/random.ts'

/**
 * Draws ranks from 0 to `ranks` - 1, rank r with a probability of 1 / (r + 1)^exponent (Zipf). An exponent of 0: all alike.
 * It keeps eight bytes a rank.
 */
export function zipf(ranks: number, exponent: number): (random: Random) => number {
  const upTo = new Float64Array(ranks)
  let sum = 0
  for (let rank = 0; rank < ranks; rank += 1) {
    sum += 1 / (rank + 1) ** exponent
    upTo[rank] = sum
  }
  return (random) => {
    const drawn = random() * sum
    let [low, high] = [0, ranks - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((upTo[middle] as number) > drawn) high = middle
      else low = middle + 1
    }
    return low
  }
}
