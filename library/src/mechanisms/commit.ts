import type { Clock } from '../contract/clock.ts'
import type { Version } from '../contract/entry.ts'
import { outcomeUnknown } from '../contract/errors.ts'
import type { WriteContext } from '../contract/source.ts'
import type { Core } from './core.ts'
import { withDeadline } from './deadline.ts'

/** What a commit did to a row, as the cache has to know it. `json` is `null` after a delete. */
export type Committed =
  | { readonly outcome: 'written'; readonly json: string | null; readonly version: Version }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'conflict'; readonly version: Version }

/** A commit with its place among readers and other writers of the key. */
export interface WriteFence {
  /**
   * Runs a commit so that no reader keeps an older value than what it wrote. Rejects with what the
   * commit rejected with; `WRITE_OUTCOME_UNKNOWN` when nobody can tell.
   */
  run<C extends Committed>(
    id: string,
    commit: (context: WriteContext) => Promise<C>,
  ): Promise<{ readonly committed: C; readonly status: 'confirmed' | 'unconfirmed' }>
  /** The same for a commit of which only the keys are known; it may have happened although it rejects. */
  runOpaque<Result>(
    ids: readonly string[],
    commit: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly status: 'confirmed' | 'unconfirmed' }>
}

const answerMarginMs = 500

/**
 * For a key whose commit may have happened already, or may yet until its deadline: invalidates it
 * now, and once more when the deadline has passed.
 */
export async function invalidateTwice(core: Core<never>, id: string): Promise<void> {
  const { background, invalidator, settings } = core
  background.later('invalidate-later', settings.writeDeadlineMs + answerMarginMs, () =>
    invalidator.invalidate(id),
  )
  await invalidator.invalidate(id)
}

/**
 * Runs a commit that must not take effect later than `deadlineMs` from now, and waits half a
 * second longer for its answer: past that, its outcome is unknown, and `onLate` hears when it settles.
 */
export async function commitWithin<T>(
  commit: (context: WriteContext) => Promise<T>,
  deadlineMs: number,
  { clock, onLate }: { readonly clock: Clock; readonly onLate: () => void },
): Promise<T> {
  const running = commit({ deadlineAt: clock.now() + deadlineMs })
  let hasTimedOut = false
  const settled = () => {
    if (hasTimedOut) onLate()
  }
  running.then(settled, settled)
  return withDeadline(running, deadlineMs + answerMarginMs, clock, () => {
    hasTimedOut = true
    return outcomeUnknown(new Error(`no answer within ${deadlineMs + answerMarginMs} ms`))
  })
}
