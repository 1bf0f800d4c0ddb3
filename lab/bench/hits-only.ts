import { Failure } from '../replay/failure.ts'
import type { Subject } from './group.ts'

/** Reads so far, of which so many were hits. */
export interface Reads {
  readonly hits: number
  readonly total: number
}

/** On a busy machine a store may be late once or twice: too few to be seen in a median. */
const leastShare = 0.999

/** The subject, whose check fails also when the reads since now were more than hits. */
export async function hitsOnly(
  subject: Subject,
  reads: () => Reads | Promise<Reads>,
): Promise<Subject> {
  const before = await reads()
  return {
    ...subject,
    async check() {
      await subject.check()
      const after = await reads()
      const hits = after.hits - before.hits
      const total = after.total - before.total
      if (total > 0 && hits >= leastShare * total) return
      throw new Failure(
        `${subject.name}: expected hits alone, received ${hits} of ${total} reads: is the machine busy?`,
      )
    },
  }
}
