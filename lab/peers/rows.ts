import { setTimeout as delay } from 'node:timers/promises'
import type { Row } from './peer.ts'

/** A load that is being held. */
export interface Hold {
  /** Resolves when the load has read its row. */
  readonly begun: Promise<void>
  /** Lets it answer. */
  release(): void
}

interface Held {
  begin(): void
  readonly end: Promise<void>
}

/** The table behind the caches, in memory: a row exists as soon as it is asked for, at version 1. */
export class Rows {
  /** How long a load takes. */
  delayMs = 20
  /** Whether loads fail, after that time. */
  isFailing = false
  readonly #versions = new Map<string, number>()
  readonly #loads = new Map<string, number>()
  readonly #held = new Map<string, Held>()

  /** Changes a row: whoever reads it from now on reads this one. */
  write(key: string): Row {
    const version = (this.#versions.get(key) ?? 1) + 1
    this.#versions.set(key, version)
    return row(key, version)
  }

  /** How many loads of the key there were. */
  loadsOf(key: string): number {
    return this.#loads.get(key) ?? 0
  }

  /** The next load of the key reads its row at once, as always, and answers when it is released. */
  hold(key: string): Hold {
    let begin = () => {}
    let release = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const end = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#held.set(key, { begin, end })
    return { begun, release: () => release() }
  }

  /** Reads the row now, and answers later. */
  async load(key: string): Promise<Row> {
    const found = row(key, this.#versions.get(key) ?? 1)
    const willFail = this.isFailing
    const held = this.#held.get(key)
    this.#held.delete(key)
    this.#loads.set(key, this.loadsOf(key) + 1)
    held?.begin()
    await (held?.end ?? delay(this.delayMs))
    if (willFail) throw new Error(`the table refuses ${key}`)
    return found
  }
}

function row(key: string, version: number): Row {
  return { key, version, text: `${key} at ${version}` }
}
