import { LoadedBody } from './answer.ts'

/** Of each of two generations. */
const most = { values: 10_000, characters: 4 * 1024 * 1024 }

/**
 * What this process has written last: 10,000 values and 4 Mi characters, and at most twice as many. Others may have
 * written since: whoever makes a change of one names its version as the precondition. Values are kept in two
 * generations: when the younger is full, the older is forgotten as a whole, which costs a write nothing.
 */
export class WrittenValues {
  #young = new Map<string, LoadedBody>()
  #old = new Map<string, LoadedBody>()
  /** Of the younger generation. */
  #characters = 0

  get(id: string): LoadedBody | undefined {
    return this.#young.get(id) ?? this.#old.get(id)
  }

  set(id: string, json: string, version: number): void {
    if (json.length > most.characters) {
      this.delete(id)
      return
    }
    const replaced = this.#young.get(id)
    const characters = this.#characters + json.length - lengthOf(replaced)
    const isFull = replaced === undefined && this.#young.size >= most.values
    if (isFull || characters > most.characters) {
      this.#old = this.#young
      this.#young = new Map()
      this.#characters = json.length
    } else this.#characters = characters
    this.#young.set(id, new LoadedBody(json, version))
  }

  delete(id: string): void {
    this.#characters -= lengthOf(this.#young.get(id))
    this.#young.delete(id)
    this.#old.delete(id)
  }
}

function lengthOf(body: LoadedBody | undefined): number {
  return body?.json?.length ?? 0
}
