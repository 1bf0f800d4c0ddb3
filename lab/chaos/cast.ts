import type { ChaosArguments } from './arguments.ts'
import type { LedgerResult } from './ledger/promises.ts'
import type { Member } from './member.ts'
import type { PhaseResult } from './phase.ts'
import type { Servers } from './servers.ts'
import type { SubjectName } from './subjects.ts'

/** Who is there when faults begin. */
export interface Cast {
  readonly name: SubjectName
  readonly args: ChaosArguments
  /** Of traffic. */
  readonly seconds: number
  readonly processes: number
  readonly clients: number
  readonly servers: Servers
  readonly members: readonly Member[]
  /** Hears of each phase that is over. */
  readonly onPhase: (phase: PhaseResult | LedgerResult) => void
}
