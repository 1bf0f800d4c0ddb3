import { describe, expect, test } from 'vitest'
import { seededRandom } from '../soak/random.ts'
import { clusterWorkload } from '../workloads/cluster-workload.ts'
import { handWorkload } from '../workloads/hand-workload.ts'
import { type Operation, operationKinds } from '../workloads/operation.ts'
import { clusterCount } from '../workloads/twitter-clusters.ts'
import type { Workload } from '../workloads/workload.ts'
import { zipf } from '../workloads/zipf.ts'

const by = { mix: { get: 1 }, skew: 1, keys: 100, valueBytes: 0, seed: 1 }

function take(workload: Workload, count: number, stream?: number): Operation[] {
  const operations = workload.operations(stream)
  return Array.from({ length: count }, () => operations.next().value as Operation)
}

function times(operations: readonly Operation[]): number[] {
  const counts = new Map<number, number>()
  for (const { key } of operations) counts.set(key, (counts.get(key) ?? 0) + 1)
  return [...counts.values()].sort((one, other) => other - one)
}

describe('a drawn rank', () => {
  test.each([0, 0.3, 0.99, 1, 1.7, 3])('has the exponent %d that was asked for', (exponent) => {
    const rankBy = zipf(1_000, exponent)
    const random = seededRandom(5)
    const counts = new Array<number>(1_000).fill(0)
    for (let n = 0; n < 200_000; n += 1) {
      const rank = rankBy(random)
      counts[rank] = (counts[rank] ?? 0) + 1
    }
    // Ranks 1-2, 3-6, 7-14, ... against what the law gives them.
    const sum = Array.from({ length: 1_000 }, (_, rank) => (rank + 1) ** -exponent)
    const total = sum.reduce((all, each) => all + each, 0)
    for (let from = 0, length = 2; from < 1_000; from += length, length *= 2) {
      const range = (values: readonly number[]) =>
        values.slice(from, from + length).reduce((all, each) => all + each, 0)
      expect(range(counts) / 200_000).toBeCloseTo(range(sum) / total, 2)
    }
  })
})

describe('a workload by hand', () => {
  test('draws the same operations for the same seed, and others for others', () => {
    const options = { ...by, mix: { get: 3, put: 1 } }
    const some = (seed: number, stream?: number) =>
      take(handWorkload({ ...options, seed }), 300, stream)
    expect(some(1)).toEqual(some(1))
    expect(some(1)).not.toEqual(some(2))
    const kinds = (seed: number) => some(seed).map(({ kind }) => kind)
    expect(kinds(1)).not.toEqual(kinds(2))
    expect(some(1, 1)).toEqual(some(1, 1))
    expect(some(1)).not.toEqual(some(1, 1))
    expect(some(1, 0)).toEqual(some(1))
  })

  test('has the mix that was asked for, in any unit', () => {
    const workload = handWorkload({ ...by, mix: { get: 60, put: 30, post: 8, delete: 2 } })
    expect(workload.description.mix).toEqual({ get: 0.6, post: 0.08, put: 0.3, delete: 0.02 })
    const drawn = take(workload, 50_000)
    for (const kind of operationKinds) {
      const share = drawn.filter((operation) => operation.kind === kind).length / 50_000
      expect(share).toBeCloseTo(workload.description.mix[kind], 2)
    }
  })

  test('draws nothing that has no part in the mix', () => {
    const kinds = take(handWorkload({ ...by, mix: { put: 1, delete: 2 } }), 5_000)
    expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(['put', 'delete']))
  })

  test('asks for all users, 1 to the last, as its skew says', () => {
    const even = take(handWorkload({ ...by, skew: 0 }), 20_000)
    expect(Math.min(...even.map(({ key }) => key))).toBe(1)
    expect(Math.max(...even.map(({ key }) => key))).toBe(100)
    const counts = times(even)
    expect(counts).toHaveLength(100)
    expect((counts[0] ?? 0) / (counts[99] ?? 1)).toBeLessThan(1.7)
    const [first = 0, second = 0] = times(take(handWorkload({ ...by, skew: 2 }), 20_000))
    expect(first / second).toBeCloseTo(4, 0)
  })

  test('gives the popular ranks to users whom the seed decides', () => {
    const mostAsked = (seed: number) =>
      take(handWorkload({ ...by, skew: 3, seed }), 99).sort((one, other) => one.key - other.key)[49]
    expect(new Set([1, 2, 3, 4].map((seed) => mostAsked(seed)?.key)).size).toBeGreaterThan(2)
  })

  test('sends values of a length that a user can have, and says which', () => {
    const lengths = (valueBytes: number) => {
      const workload = handWorkload({ ...by, mix: { put: 1 }, valueBytes })
      return [take(workload, 1)[0]?.bytes, ...workload.description.notes]
    }
    expect(lengths(0)).toEqual([0])
    expect(lengths(300)).toEqual([300])
    expect(lengths(40)).toEqual([
      150,
      'values of 40 bytes became 150: the JSON of a user has 150 to 510',
    ])
    expect(lengths(9_000)).toEqual([
      510,
      'values of 9,000 bytes became 510: the JSON of a user has 150 to 510',
    ])
    expect(take(handWorkload({ ...by, valueBytes: 300 }), 1)[0]?.bytes).toBe(0)
  })

  test.each([
    [{ keys: 0 }, 'keys: expected a whole number from 1, received 0'],
    [{ skew: 3.1 }, 'skew: expected a number from 0 to 3, received 3.1'],
    [{ skew: -1 }, 'skew'],
    [{ mix: {} }, 'mix: expected parts'],
    [{ mix: { get: 2, put: -1 } }, 'mix: expected parts'],
  ])('refuses %j', (wrong, message) => {
    expect(() => handWorkload({ ...by, ...wrong })).toThrow(message)
  })
})

describe('a cluster', () => {
  const options = { keys: 50, seed: 3 }
  const described = (cluster: number) => clusterWorkload(cluster, options).description

  test('takes mix, skew, value bytes and TTL from its row', () => {
    expect(described(1)).toEqual({
      title: 'cluster 1 of Twitter, March 2020',
      source: expect.stringContaining('CC BY 4.0'),
      keys: 50,
      seed: 3,
      mix: { get: 1, post: 0, put: 0, delete: 0 },
      skew: 2.6774,
      valueBytes: 267,
      ttlMs: 240_000,
      notes: ['commands below 1 % are not in its source: the others fill their place'],
    })
    expect(described(7)).toMatchObject({
      mix: { get: 0.82, post: 0, put: 0.18, delete: 0 },
      skew: 1.0666,
      valueBytes: 510,
      ttlMs: 1.8 * 3_600_000,
      notes: [
        'TTL 1.8h is the most common one (28 %) of several',
        'values of 1,936 bytes became 510: the JSON of a user has 150 to 510',
      ],
    })
    expect(described(12)).toMatchObject({
      mix: { get: 0.2, post: 0, put: 0.8, delete: 0 },
      skew: 0.3048,
      ttlMs: 300_000,
    })
  })

  test('turns commands into requests, and says what became of those that have no equal', () => {
    expect(described(14).mix).toEqual({ get: 0.65, post: 0, put: 0.13, delete: 0.22 })
    const { mix, notes } = described(23)
    expect(mix.put).toBeCloseTo(0.61 / 0.99, 10)
    expect(notes).toContain('incr became PUT, of a whole value: there are no counters')
    expect(described(11).mix.get).toBeCloseTo(0.97, 10)
    expect(described(11).notes).toContainEqual(expect.stringMatching(/^add became POST/))
    expect(described(53).notes).toContain('prepend became PUT, of the whole value')
  })

  test.each(Array.from({ length: clusterCount }, (_, index) => index + 1))(
    '%i is drawn as its row says, or says what its row lacks',
    (cluster) => {
      if (cluster === 5) {
        return expect(() => described(5)).toThrow('--cluster: 5 has no figures in its source (N/A)')
      }
      const hasSkew = cluster !== 43 && cluster !== 46
      if (!hasSkew) expect(() => described(cluster)).toThrow('(NA): add --skew')
      const workload = clusterWorkload(cluster, hasSkew ? options : { ...options, skew: 1 })
      const { mix, skew, ttlMs, valueBytes } = workload.description
      expect(operationKinds.reduce((sum, kind) => sum + mix[kind], 0)).toBeCloseTo(1, 10)
      expect(skew).toBeGreaterThanOrEqual(0)
      expect(ttlMs).toBeGreaterThanOrEqual(20_000)
      expect(valueBytes).toBeGreaterThanOrEqual(150)
      expect(take(workload, 20)).toHaveLength(20)
    },
  )

  test('takes a skew and value bytes by hand, and says so', () => {
    const { skew, valueBytes, notes } = clusterWorkload(43, {
      ...options,
      skew: 0.5,
      valueBytes: 200,
    }).description
    expect([skew, valueBytes]).toEqual([0.5, 200])
    expect(clusterWorkload(7, { ...options, skew: 0.5 }).description.skew).toBe(0.5)
    expect(notes).toContain('skew by hand; its own: not known')
    expect(notes).toContain('value bytes by hand; its own: 304')
  })

  test.each([0, 55])('%i is refused in one line', (cluster) => {
    expect(() => described(cluster)).toThrow(
      `--cluster: expected a whole number from 1 to 54, received ${cluster}`,
    )
  })
})
