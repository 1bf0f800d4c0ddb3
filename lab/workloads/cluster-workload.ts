import { Failure } from '../replay/failure.ts'
import { memcachedKinds, notesOnCommands } from './memcached.ts'
import type { OperationKind } from './operation.ts'
import { synthetic } from './synthetic.ts'
import { type TwitterCluster, twitterCluster, twitterSource } from './twitter-clusters.ts'
import { notesOnBytes, takenBytes } from './value-bytes.ts'
import type { Workload } from './workload.ts'

export interface ClusterOptions {
  readonly keys: number
  readonly seed: number
  /** Instead of the cluster's own, which some lack. */
  readonly skew?: number
  readonly valueBytes?: number
}

/**
 * Operation mix, Zipf's exponent, length of values and TTL of one of Twitter's clusters, 1 to 54. Throws a `Failure`
 * for one whose figures its source does not give.
 */
export function clusterWorkload(cluster: number, options: ClusterOptions): Workload {
  const found = twitterCluster(cluster)
  const { operations } = found
  const valueBytes = options.valueBytes ?? found.valueBytes
  if (operations === undefined || valueBytes === undefined) {
    throw new Failure(`--cluster: ${cluster} has no figures in its source (N/A): take another`)
  }
  const skew = options.skew ?? found.skew
  if (skew === undefined) {
    throw new Failure(`--cluster: ${cluster} has no Zipf alpha in its source (NA): add --skew`)
  }
  return synthetic({
    title: `cluster ${cluster} of Twitter, March 2020`,
    source: twitterSource,
    keys: options.keys,
    mix: mixOf(operations),
    skew,
    valueBytes: takenBytes(valueBytes),
    ...(found.ttls[0] === undefined ? {} : { ttlMs: found.ttls[0].ms }),
    seed: options.seed,
    notes: [...notesOn(found, operations, options), ...notesOnBytes(valueBytes)],
  })
}

function mixOf(operations: ReadonlyMap<string, number>): Record<OperationKind, number> {
  const mix = { get: 0, post: 0, put: 0, delete: 0 }
  for (const [command, share] of operations) {
    const kind = memcachedKinds[command]
    if (kind === undefined) throw new RangeError(`a command of memcached, received ${command}`)
    mix[kind] += share
  }
  return mix
}

function notesOn(
  { skew, valueBytes, ttls }: TwitterCluster,
  operations: ReadonlyMap<string, number>,
  given: ClusterOptions,
): string[] {
  const sum = [...operations.values()].reduce((all, share) => all + share, 0)
  const [ttl, ...otherTtls] = ttls
  return [
    ...(given.skew === undefined ? [] : [`skew by hand; its own: ${skew ?? 'not known'}`]),
    ...(given.valueBytes === undefined ? [] : [`value bytes by hand; its own: ${valueBytes}`]),
    ...(sum < 0.995
      ? ['commands below 1 % are not in its source: the others fill their place']
      : []),
    ...notesOnCommands(operations.keys()),
    ...(ttl === undefined || otherTtls.length === 0
      ? []
      : [`TTL ${ttl.text} is the most common one (${Math.round(100 * ttl.share)} %) of several`]),
  ]
}
