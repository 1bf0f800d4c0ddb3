import { type Random, seededRandom, shuffledIds } from './random.ts'

/** Which of the seeded users a request is for: few are asked for often, most of them rarely. */
export interface Popularity {
  /** A user, by how popular it is. */
  any(random: Random): number
  /** The same among the users that one client alone writes. */
  ownedBy(client: number, random: Random): number
}

const exponent = 0.99

/** Of rank r with a probability of 1 / r^0.99 (Zipf); the seed decides which user has which rank. Clients own every `clients`-th rank. */
export function zipfPopularity(users: number, clients: number, seed: number): Popularity {
  const ids = shuffledIds(users, seededRandom(seed))
  const upTo = new Float64Array(users)
  let sum = 0
  for (let rank = 0; rank < users; rank += 1) {
    sum += 1 / (rank + 1) ** exponent
    upTo[rank] = sum
  }
  const rankAt = (share: number) => {
    let [low, high] = [0, users - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((upTo[middle] as number) > share * sum) high = middle
      else low = middle + 1
    }
    return low
  }
  return {
    any: (random) => ids[rankAt(random())] as number,
    ownedBy(client, random) {
      const rank = rankAt(random())
      const own = rank - (rank % clients) + client
      return ids[own < users ? own : client] as number
    },
  }
}
