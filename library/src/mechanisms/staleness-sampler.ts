import type { ValueEntry } from '../contract/entry.ts'
import type { Core } from './core.ts'
import type { LoadRow, Trip } from './loading.ts'

/** A write that came after the hit takes the entry away well within this time. */
const recheckMs = 1_000
/** Samples under way: a source in trouble must not collect them. */
const maxSamples = 100

/** A hit, and how the source's row can be had. */
type Sample<Key> = Pick<Trip<Key>, 'key' | 'id' | 'load'>

/**
 * Compares a share of the hits with the source's row, in the background: a hit was stale if the row
 * had overtaken its entry and the same entry still stands a second later, when whatever was under way has
 * ended. An entry that is newer than the row waits for a flush: that is lag, not staleness. These loads
 * are not counted among the cache's own.
 */
export class StalenessSampler<Key> {
  readonly #core: Core<Key>
  #underWay = 0

  constructor(core: Core<Key>) {
    this.#core = core
  }

  onHit(hit: Sample<Key>, entry: ValueEntry): void {
    const { random, settings, background } = this.#core
    if (random() >= settings.sampleStaleness) return
    if (entry.isDirty || this.#underWay >= maxSamples) return
    this.#underWay += 1
    background.run('staleness-sample', () => this.#compare(hit, entry))
  }

  async #compare({ key, id, load }: Sample<Key>, entry: ValueEntry): Promise<void> {
    const { recorder, background, clock } = this.#core
    const ageMs = Math.max(0, this.#core.storeNow() - entry.storedAt)
    let isOvertaken = false
    try {
      isOvertaken = await this.#hasOvertaken(load, key, entry)
    } finally {
      this.#underWay -= 1
    }
    if (!isOvertaken) {
      recorder.sampled += 1
      return
    }
    const recheckAt = clock.now() + recheckMs
    this.#underWay += 1
    background.later('staleness-sample', recheckMs, async () => {
      this.#underWay -= 1
      // closing: too early to tell, and so it was no sample
      if (clock.now() < recheckAt) return
      const stands = await this.#stands(id, entry)
      recorder.sampled += 1
      if (!stands) return
      recorder.sampledStale += 1
      recorder.staleFor(ageMs)
    })
  }

  async #hasOvertaken(load: LoadRow<Key>, key: Key, entry: ValueEntry): Promise<boolean> {
    const row = await load(key, { onSent() {}, stale: undefined })
    if (row.json === null || row.version > entry.version) return true
    return row.version === 0 && row.json !== entry.json
  }

  async #stands(id: string, entry: ValueEntry): Promise<boolean> {
    const now = await this.#core.store.get(id)
    return now?.kind === 'value' && now.storedAt === entry.storedAt && now.version === entry.version
  }
}
