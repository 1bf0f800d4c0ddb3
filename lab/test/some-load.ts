import type { Exchange, LoadPlan, LoadResult } from '../load/load-plan.ts'
import { runLoad } from '../load/run-load.ts'
import type { Operation, OperationKind } from '../workloads/operation.ts'
import type { FakeTarget } from './fake-target.ts'

/** So many of one kind, each about another user. */
export function operations(
  count: number,
  kind: OperationKind = 'get',
  bytes = 0,
): Iterator<Operation> & Iterable<Operation> {
  return Array.from({ length: count }, (_, index) => ({ kind, key: index + 1, bytes })).values()
}

/** A load on these targets: its exchanges, in the order of their ends, beside its result. */
export async function loadOn(
  targets: readonly FakeTarget[],
  plan: Omit<LoadPlan, 'urls' | 'onExchange'>,
): Promise<{ result: LoadResult; exchanges: Exchange[] }> {
  const exchanges: Exchange[] = []
  const urls = targets.map(({ url }) => url)
  const onExchange = (exchange: Exchange) => exchanges.push(exchange)
  return { result: await runLoad({ ...plan, urls, onExchange }), exchanges }
}
