import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Failure } from '../../replay/failure.ts'
import type { Defer, Worker } from '../group.ts'
import type { Assignment, Order, Report, RunFigures } from './messages.ts'

/** A cache in a process of its own, which is told what to do. */
export interface ContenderProcess extends Worker {
  /** Loads what it will be asked for. */
  warm(): Promise<void>
  /** Rejects with a `Failure` unless all answers are right, and all were hits. */
  check(): Promise<void>
  run(operations: number): Promise<RunFigures>
  /** So many callers of one key at once. */
  stampede(key: string, callers: number): Promise<RunFigures>
}

const worker = join(import.meta.dirname, 'worker.js')
const keptCharacters = 2_000

/**
 * Starts one. What it reports of CPU time and allocation is of its runs alone. `program`: what the process runs, the
 * worker unless given. It is ended when the group is over.
 */
export function startContender(
  assignment: Assignment,
  defer: Defer,
  program = worker,
): ContenderProcess {
  const { peer, form } = assignment
  const child = fork(program, [JSON.stringify(assignment)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-keptCharacters)
  })
  const ended = once(child, 'close')
  defer(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const lost = ended.then(() => {
    throw new Failure(`${peer}, ${form}: its process has ended\n${said.trim()}`)
  })
  // Heard by whoever asks meanwhile; when it is over, by nobody.
  lost.catch(() => undefined)
  let cpuUs = 0
  let allocatedBytes = Number.NaN

  async function told(order: Order): Promise<RunFigures | undefined> {
    const answer = once(child, 'message')
    child.send(order, () => undefined)
    const [report] = (await Promise.race([answer, lost])) as [Report]
    if (report.kind === 'failed') throw new Failure(report.message)
    return report.figures
  }

  async function measured(order: Order): Promise<RunFigures> {
    const figures = await told(order)
    if (figures === undefined)
      throw new Failure(`${peer}, ${form}: expected figures, received none`)
    cpuUs += figures.cpuUs
    allocatedBytes = figures.allocatedBytes
    return figures
  }

  return {
    cpuUs: () => cpuUs,
    countAllocation: async () => void (await told({ kind: 'count allocation' })),
    allocatedBytes: () => allocatedBytes,
    collectGarbage: async () => void (await told({ kind: 'collect garbage' })),
    warm: async () => void (await told({ kind: 'warm' })),
    check: async () => void (await told({ kind: 'check' })),
    run: (operations) => measured({ kind: 'run', operations }),
    stampede: (key, callers) => measured({ kind: 'stampede', key, callers }),
  }
}
