import { randomBytes } from 'node:crypto'

/** Makes tokens that no other process makes: a random part drawn once, and a counter. */
export class Tokens {
  readonly #process = randomBytes(9).toString('base64url')
  #count = 0

  next(): string {
    this.#count += 1
    return `${this.#process}.${this.#count.toString(36)}`
  }
}
