import type { Form, Peer } from '../../peers/peer.ts'
import { peerNamed, peerNames } from '../../peers/peers.ts'
import type { Comparison } from '../comparison.ts'
import type { Defer, Subject } from '../group.ts'
import { inLanes } from '../lanes.ts'
import { type ContenderProcess, startContender } from './contender-process.ts'
import type { Assignment } from './messages.ts'

/** A line of a table: who is asked, and how. */
export interface Contender extends Pick<Assignment, 'peer' | 'form' | 'asks'> {
  /** In the table. */
  readonly name: string
}

/** How many processes start at once. */
const lanes = 2

/** Whether a library is ours. */
export function isOurs({ peer }: Pick<Contender, 'peer'>): boolean {
  return peer === peerNames[0]
}

/** All libraries, ours first. */
export function libraries(): Promise<Peer[]> {
  return Promise.all(peerNames.map(peerNamed))
}

/** The form with entries in Redis alone: what its page shows first, with that tier and no other. */
export function onRedis({ name, forms }: Peer): Form {
  const form = forms.find(({ tiers }) => tiers === 'Redis')
  if (form !== undefined) return form
  throw new RangeError(`${name}: expected a form with entries in Redis alone`)
}

/** Starts them, each in a process of its own with so many keys of its own, warm, and makes subjects of them. */
export async function subjectsOf(
  contenders: readonly Contender[],
  load: Pick<Assignment, 'keys' | 'inFlight' | 'redisPort'>,
  defer: Defer,
): Promise<Subject[]> {
  const subjects = new Map<Contender, Subject>()
  await inLanes(contenders, lanes, async (contender) => {
    const { peer, form, asks } = contender
    const worker = startContender({ peer, form, asks, ...load }, defer)
    await worker.warm()
    subjects.set(contender, hitsOf(contender.name, worker))
  })
  return contenders.map((contender) => subjects.get(contender) as Subject)
}

function hitsOf(name: string, worker: ContenderProcess): Subject {
  return {
    name,
    worker,
    run: async (operations) => (await worker.run(operations)).ms,
    check: () => worker.check(),
  }
}

/** That ours does at least as many operations as each of the libraries, in the same round. */
export function aheadOf(contenders: readonly Contender[], ours: string): Comparison[] {
  return contenders
    .filter((each) => !isOurs(each) && each.peer !== 'raw client')
    .map(({ name }) => ({
      ...{ measure: 'throughput-ratio', target: 1 },
      ...{ subject: ours, baseline: name },
    }))
}
