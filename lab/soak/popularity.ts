import { zipf } from '../workloads/zipf.ts'
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
  const rankBy = zipf(users, exponent)
  return {
    any: (random) => ids[rankBy(random)] as number,
    ownedBy(client, random) {
      const rank = rankBy(random)
      const own = rank - (rank % clients) + client
      return ids[own < users ? own : client] as number
    },
  }
}
