import { type SubjectParts, startSubject } from './running-subject.ts'
import type { RunningSubject } from './subject.ts'

/** The subjects that are on a stage, so that none outlives it. */
export class SubjectsOnStage {
  readonly #present = new Set<Promise<RunningSubject>>()

  /** Starts one. It leaves when it is stopped, or could not be started. */
  async start(parts: SubjectParts): Promise<RunningSubject> {
    const starting = startSubject({
      ...parts,
      close: async () => {
        this.#present.delete(starting)
        await parts.close()
      },
    })
    this.#present.add(starting)
    return starting
  }

  /** Stops all; rejects with what the first of them says against it, when all are gone. */
  async stop(): Promise<void> {
    const stops = [...this.#present].map(async (starting) => {
      // Who could not be started has told whoever started it.
      const subject = await starting.catch(() => undefined)
      await subject?.stop()
    })
    const failed = (await Promise.allSettled(stops)).find((each) => each.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}
