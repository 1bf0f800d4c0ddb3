/** Numbers from 0 to 1 (without 1). */
export type Random = () => number

/** The same numbers for the same seeds (mulberry32). */
export function seededRandom(...seeds: readonly number[]): Random {
  let state = seeds.reduce((mixed, seed) => Math.imul(mixed ^ seed, 0x9e3779b1) >>> 0, 0x85ebca6b)
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Numbers from 1 to `count` in an order that the seed decides. */
export function shuffledIds(count: number, random: Random): Uint32Array {
  const ids = Uint32Array.from({ length: count }, (_, index) => index + 1)
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    const id = ids[last] as number
    ids[last] = ids[other] as number
    ids[other] = id
  }
  return ids
}
