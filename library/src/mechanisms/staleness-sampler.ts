import type { ValueEntry } from '../contract/entry.ts'
import type { Core } from './core.ts'
import type { Trip } from './loading.ts'

/**
 * Compares a share of the hits with the source's row, in the background: an entry that the row's
 * version has overtaken was stale. These loads are not counted among the cache's own.
 */
export class StalenessSampler<Key> {
  readonly #core: Core<Key>

  constructor(core: Core<Key>) {
    this.#core = core
  }

  onHit(trip: Trip<Key>, entry: ValueEntry): void {
    const { random, settings, background } = this.#core
    if (entry.isDirty || random() >= settings.sampleStaleness) return
    background.run('staleness-sample', () => this.#compare(trip, entry))
  }

  async #compare({ key, id, load }: Trip<Key>, entry: ValueEntry): Promise<void> {
    const { recorder, store } = this.#core
    const row = await load(key, { onSent() {}, stale: undefined })
    recorder.sampled += 1
    const isOvertaken =
      row.json === null ||
      row.version > entry.version ||
      (row.version === 0 && row.json !== entry.json)
    if (!isOvertaken) return
    // a write since the hit has taken the entry away: the hit was not stale
    const now = await store.get(id)
    if (now?.kind !== 'value' || now.storedAt !== entry.storedAt) return
    recorder.sampledStale += 1
    recorder.staleFor(Math.max(0, this.#core.storeNow() - entry.storedAt))
  }
}
