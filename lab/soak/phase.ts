import type { Endpoint } from './endpoint.ts'
import { exchange } from './exchange.ts'
import { disagreements, type Figures } from './figures.ts'
import type { Findings } from './findings.ts'
import { type Operations, operations } from './operations.ts'
import type { Subject } from './subject.ts'
import { Tally } from './tally.ts'

/** A process, and the two ways in which it is talked to: what clients do never waits for what is asked about it. */
export interface Connected {
  readonly subject: Subject
  readonly operations: Operations
  /** The same process, counted anew. */
  endpoint(): Endpoint
  close(): void
}

export interface ConnectOptions {
  readonly connections: number
  readonly patienceMs: number
  readonly adminToken: string
}

export function connect(subject: Subject, options: ConnectOptions): Connected {
  const { connections, patienceMs, adminToken } = options
  const { name, url } = subject
  const traffic = exchange(url, connections, patienceMs)
  const control = exchange(url, 2, 10_000)
  return {
    subject,
    operations: operations(control, url, adminToken),
    endpoint: () => ({ name, exchange: traffic, tally: new Tally() }),
    close() {
      traffic.close()
      control.close()
    },
  }
}

/** What clients were answered in one part of a run, and the figures at its ends. */
export interface Phase {
  readonly endpoints: readonly Endpoint[]
  readonly before: readonly Figures[]
  readonly after: readonly Figures[]
}

/** Does the work, and compares what the clients counted with what the processes say. */
export async function phase(
  processes: readonly Connected[],
  findings: Findings,
  work: (endpoints: readonly Endpoint[]) => Promise<void>,
): Promise<Phase> {
  const endpoints = processes.map((each) => each.endpoint())
  const figures = () => Promise.all(processes.map((each) => each.operations.figures()))
  const before = await figures()
  await work(endpoints)
  const after = await figures()
  for (const [index, { name, tally }] of endpoints.entries()) {
    const [from, to] = [before[index], after[index]]
    if (from === undefined || to === undefined) continue
    for (const words of disagreements(tally, from, to)) findings.add('figures', `${name}: ${words}`)
  }
  return { endpoints, before, after }
}
