import type { ValueEntry } from '../contract/entry.ts'
import type { Core } from './core.ts'
import { withDeadline } from './deadline.ts'

/** Whether, and when, an expired value that the store has kept may answer in place of its load. */
export class Grace {
  readonly #core: Core<never>

  constructor(core: Core<never>) {
    this.#core = core
  }

  /** `loading`: its load runs; `error`: its load has failed, or takes longer than its caller waits. */
  covers({ hardAt }: Pick<ValueEntry, 'hardAt'>, what: 'loading' | 'error'): boolean {
    const { staleWhileLoadingMs, staleIfErrorMs } = this.#core.settings
    const graceMs = what === 'loading' ? staleWhileLoadingMs : staleIfErrorMs
    return graceMs > 0 && this.#core.storeNow() < hardAt + graceMs
  }

  /** What the load gives within the soft time-out; `undefined` past it: the load goes on for those to come. */
  async loadedSoon<T>(loading: Promise<T>): Promise<T | undefined> {
    const { softLoadTimeoutMs } = this.#core.settings
    if (softLoadTimeoutMs === 0) {
      loading.catch(announced)
      return undefined
    }
    const late = new Error('late')
    return withDeadline(loading, softLoadTimeoutMs, this.#core.clock, () => late).catch(
      (error: unknown) => {
        if (error === late) return undefined
        throw error
      },
    )
  }
}

/** A load that fails is an event of its own. */
function announced(): void {}
