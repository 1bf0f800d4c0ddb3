import { decimal, wholeNumber } from '../command-line/arguments.ts'
import { Failure } from '../replay/failure.ts'
import { clusterWorkload } from '../workloads/cluster-workload.ts'
import { handWorkload } from '../workloads/hand-workload.ts'
import { type OperationKind, operationKinds } from '../workloads/operation.ts'
import { traceWorkload } from '../workloads/trace-workload.ts'
import { clusterCount } from '../workloads/twitter-clusters.ts'
import type { Workload } from '../workloads/workload.ts'

/** Which workload was asked for. */
export type WorkloadArguments = { readonly seed: number } & (
  | { readonly trace: string }
  | (Drawn & { readonly cluster: number })
  | (Drawn & { readonly mix: Mix })
)

interface Drawn {
  readonly keys: number
  readonly skew: number | undefined
  readonly valueBytes: number | undefined
}

type Mix = Partial<Readonly<Record<OperationKind, number>>>

interface Texts {
  readonly cluster?: string | undefined
  readonly mix?: string | undefined
  readonly skew?: string | undefined
  readonly valueBytes?: string | undefined
  readonly keys?: string | undefined
  readonly trace?: string | undefined
  readonly seed: string
}

const standardCluster = '7'
const standardSkew = 1

/** Throws a `Failure` that names the argument. */
export function readWorkload(texts: Texts): WorkloadArguments {
  const { cluster, mix, skew, valueBytes, keys, trace } = texts
  const seed = wholeNumber('--seed', texts.seed, 0, 2 ** 32 - 1)
  if ([cluster, mix, trace].filter((each) => each !== undefined).length > 1) {
    throw new Failure('give one of --cluster, --mix and --trace')
  }
  if (trace !== undefined) {
    if ([skew, valueBytes, keys].every((each) => each === undefined)) return { trace, seed }
    throw new Failure(
      '--trace has keys and values of its own: leave out --keys, --skew and --value-bytes',
    )
  }
  const drawn = {
    seed,
    keys: wholeNumber('--keys', keys ?? '1000', 1, 10_000_000),
    skew: skew === undefined ? undefined : decimal('--skew', skew, 0, 3),
    valueBytes:
      valueBytes === undefined ? undefined : wholeNumber('--value-bytes', valueBytes, 0, 1_000_000),
  }
  if (mix !== undefined) return { ...drawn, mix: mixOf(mix) }
  const number = wholeNumber('--cluster', cluster ?? standardCluster, 1, clusterCount)
  return { ...drawn, cluster: number }
}

/** Rejects with a `Failure` for a trace that cannot be read, or a cluster without figures. */
export async function workloadOf(asked: WorkloadArguments): Promise<Workload> {
  const { seed } = asked
  if ('trace' in asked) return traceWorkload(asked.trace, { seed })
  const { keys, skew, valueBytes } = asked
  if ('mix' in asked) {
    const { mix } = asked
    return handWorkload({
      mix,
      keys,
      seed,
      skew: skew ?? standardSkew,
      valueBytes: valueBytes ?? 0,
    })
  }
  return clusterWorkload(asked.cluster, {
    keys,
    seed,
    ...(skew === undefined ? {} : { skew }),
    ...(valueBytes === undefined ? {} : { valueBytes }),
  })
}

function mixOf(text: string): Mix {
  const expected = `parts of ${operationKinds.join(', ')}, such as get=80,put=20`
  const mix: Partial<Record<OperationKind, number>> = {}
  for (const part of text.split(',')) {
    const [, name, number] = /^([a-z]+)=([0-9]{1,6}(?:\.[0-9]{1,6})?)$/.exec(part.trim()) ?? []
    const kind = operationKinds.find((each) => each === name)
    if (kind === undefined || mix[kind] !== undefined) {
      throw new Failure(`--mix: expected ${expected}, received ${JSON.stringify(text)}`)
    }
    mix[kind] = Number(number)
  }
  if (Object.values(mix).some((part) => part > 0)) return mix
  throw new Failure(`--mix: expected ${expected}, received ${JSON.stringify(text)}`)
}
