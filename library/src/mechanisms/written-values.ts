import { LoadedBody } from './answer.ts'

const most = { values: 20_000, characters: 8 * 1024 * 1024 }

/**
 * What this process has written last, at most 20,000 values and 8 Mi characters. Others may have written since:
 * whoever makes a change of one names its version as the precondition.
 */
export class WrittenValues {
  readonly #bodies = new Map<string, LoadedBody>()
  #characters = 0

  get(id: string): LoadedBody | undefined {
    return this.#bodies.get(id)
  }

  set(id: string, json: string, version: number): void {
    this.delete(id)
    this.#bodies.set(id, new LoadedBody(json, version))
    this.#characters += json.length
    // in the order of writing: the first are the oldest
    for (const oldest of this.#bodies.keys()) {
      if (this.#bodies.size <= most.values && this.#characters <= most.characters) break
      this.delete(oldest)
    }
  }

  delete(id: string): void {
    this.#characters -= this.#bodies.get(id)?.json?.length ?? 0
    this.#bodies.delete(id)
  }
}
