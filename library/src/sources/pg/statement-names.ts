import { createHash } from 'node:crypto'

// Every connection keeps each of them: texts without end (patches of ever other fields) would fill the server's memory.
const maxNames = 256

/** Names of prepared statements, made from their text: the same text has one name, whoever runs it. */
export class StatementNames {
  readonly #names = new Map<string, string>()

  /** `undefined`: it runs unprepared. */
  of(text: string): string | undefined {
    const known = this.#names.get(text)
    if (known !== undefined || this.#names.size >= maxNames) return known
    const name = `cache_${createHash('sha256').update(text).digest('base64url')}`
    this.#names.set(text, name)
    return name
  }
}
