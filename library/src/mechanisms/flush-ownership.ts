import type { DirtyEntry, Journal } from '../contract/journal.ts'
import type { FlushableSource, FlushFence } from '../contract/source.ts'
import { commitWithin } from './commit.ts'
import type { Core } from './core.ts'

/** Who owns what, and where it is fenced. */
export interface OwnershipParts<Key, Value> {
  readonly core: Core<Key>
  readonly journal: Journal
  readonly source: FlushableSource<Key, Value>
}

/**
 * The partitions that this process may flush, each with the epoch that the database knows it by. Whoever takes a
 * partition raises its epoch before it reads what is dirty there: a statement of the owner before, however
 * late it is executed, then finds another epoch than its own. The same after a statement of this very process
 * whose outcome nobody knows, since it may be executed after newer ones.
 */
export class FlushOwnership<Key, Value> {
  readonly #parts: OwnershipParts<Key, Value>
  readonly #epochs = new Map<number, number>()
  readonly fence: FlushFence
  #held: readonly number[] = []

  constructor(parts: OwnershipParts<Key, Value>) {
    this.#parts = parts
    this.fence = { journal: parts.journal.name, epochs: this.#epochs }
  }

  /** Takes and renews what is due by `dueBy`. Rejects with the store's error, or the database's; then nothing is claimed that lacks an epoch. */
  async refresh(dueBy: number): Promise<void> {
    const { core, journal } = this.#parts
    const { held, taken, lost } = await core.store.write('own', () => journal.own(dueBy))
    this.#held = held
    for (const partition of this.#epochs.keys()) {
      if (!held.includes(partition)) this.#epochs.delete(partition)
    }
    for (const partition of taken) this.#epochs.delete(partition)
    if (lost !== undefined && lost > 0) {
      core.emitter.emit({ type: 'journal-lost', cache: core.settings.name, rows: lost })
    }
    await this.#raise(held.filter((partition) => !this.#epochs.has(partition)))
  }

  /** What is this process's by the store's word, fenced or not. */
  get held(): readonly number[] {
    return this.#held
  }

  /** Whether all of the journal is this process's to flush. */
  get isWhole(): boolean {
    return this.#epochs.size === this.#parts.journal.partitions
  }

  /** What may be claimed. */
  get partitions(): readonly number[] {
    return [...this.#epochs.keys()]
  }

  /** Nothing of these partitions is claimed before their epochs are raised again. */
  doubt(rows: readonly Pick<DirtyEntry, 'partition'>[]): void {
    for (const { partition } of rows) this.#epochs.delete(partition)
  }

  async #raise(partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return
    const { core, journal, source } = this.#parts
    const { clock, settings } = core
    const epochs = await commitWithin(
      (context) => source.raiseEpochs(journal.name, partitions, context),
      settings.writeDeadlineMs,
      { clock, onLate() {} },
    )
    for (const [index, partition] of partitions.entries()) {
      const epoch = epochs[index]
      if (epoch !== undefined) this.#epochs.set(partition, epoch)
    }
  }
}
