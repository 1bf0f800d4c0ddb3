interface Slot<Item> {
  readonly dueAt: number
  item: Item | undefined
}

/**
 * Items in the order of their instants, then of their arrival. Appending in order, removing, and
 * reading the first ones cost a constant; an item due before others costs a binary search and a
 * move of the slots behind it. Removed items leave empty slots, swept when they are the majority.
 */
export class DueOrder<Item extends object> {
  #slots: Slot<Item>[] = []
  readonly #slotOf = new Map<Item, Slot<Item>>()
  /** Slots before this one are empty. */
  #head = 0

  get size(): number {
    return this.#slotOf.size
  }

  /** All, in no order. */
  items(): Iterable<Item> {
    return this.#slotOf.keys()
  }

  add(item: Item, dueAt: number): void {
    const slot = { dueAt, item }
    this.#slotOf.set(item, slot)
    const last = this.#slots.at(-1)
    if (last === undefined || last.dueAt <= dueAt) this.#slots.push(slot)
    else this.#slots.splice(this.#firstAfter(dueAt), 0, slot)
  }

  remove(item: Item): void {
    const slot = this.#slotOf.get(item)
    if (slot === undefined) return
    this.#slotOf.delete(item)
    slot.item = undefined
    while (this.#head < this.#slots.length && this.#slots[this.#head]?.item === undefined) {
      this.#head++
    }
    if (this.#slots.length > 2 * this.#slotOf.size + 32) this.#sweep()
  }

  /** When the first is due; `undefined` when there is none. */
  firstAt(): number | undefined {
    return this.#slots[this.#head]?.dueAt
  }

  /** The first `limit` items that are due by this instant, and not before `from`. */
  dueBy(instant: number, limit: number, from = Number.NEGATIVE_INFINITY): Item[] {
    const due: Item[] = []
    for (let i = this.#head; i < this.#slots.length && due.length < limit; i++) {
      const slot = this.#slots[i] as Slot<Item>
      if (slot.dueAt > instant) break
      if (slot.item !== undefined && slot.dueAt >= from) due.push(slot.item)
    }
    return due
  }

  /** The index of the first slot after `head` that is due later. */
  #firstAfter(dueAt: number): number {
    let low = this.#head
    let high = this.#slots.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#slots[middle] as Slot<Item>).dueAt <= dueAt) low = middle + 1
      else high = middle
    }
    return low
  }

  #sweep(): void {
    this.#slots = this.#slots.filter((slot) => slot.item !== undefined)
    this.#head = 0
  }
}
