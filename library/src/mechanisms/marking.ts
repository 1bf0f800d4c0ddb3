import { CacheError } from '../contract/errors.ts'
import type { Core } from './core.ts'

/** The tokens of marks by stored key. */
export type MarkTokens = ReadonlyMap<string, string>

/** Sets, renews and takes away the marks of writes in progress. */
export class Marking {
  readonly #core: Core<never>
  readonly #markMs: number

  /** `markMs`: how long a mark lives. */
  constructor(core: Core<never>, markMs: number) {
    this.#core = core
    this.#markMs = markMs
  }

  /** Marks the key. Rejects with `STORE_UNAVAILABLE` when that is not certain, or took so long that the mark might not outlive the commit. */
  async begin(id: string): Promise<string> {
    const { clock, tokens, background } = this.#core
    const token = tokens.next()
    const sentAt = clock.now()
    try {
      await this.#mark(id, token)
      // the commit may take the other half
      if (clock.now() - sentAt <= this.#markMs / 2) return token
      throw new CacheError('STORE_TIMEOUT', `store: begin took over half of ${this.#markMs} ms`)
    } catch (cause) {
      // it may have been executed: a mark that nobody ends makes readers load until it expires
      background.run('abort', () => this.#abort(id, token))
      throw new CacheError(
        'STORE_UNAVAILABLE',
        'write: the key could not be marked; nothing was written',
        { cause, retryAfterMs: 1_000 },
      )
    }
  }

  /** Marks all keys, or none. */
  async beginAll(ids: readonly string[]): Promise<MarkTokens> {
    const marks = new Map<string, string>()
    const begun = await Promise.allSettled(
      ids.map(async (id) => marks.set(id, await this.begin(id))),
    )
    const failed = begun.find((outcome) => outcome.status === 'rejected')
    if (failed === undefined) return marks
    await this.giveUpAll(marks)
    throw failed.reason
  }

  /** Renews the marks while a commit of unknown length runs. The returned function ends that, and waits for renewals under way. */
  keep(marks: MarkTokens): () => Promise<unknown> {
    if (marks.size === 0) return async () => {}
    const { clock, background } = this.#core
    const renew = () => {
      cancel = clock.after(this.#markMs / 3, renew)
      const renewals = [...marks].map(([id, token]) =>
        background.attempt('renew-mark', () => this.#mark(id, token)),
      )
      renewing = Promise.all([renewing, ...renewals])
    }
    let renewing: Promise<unknown> = Promise.resolve()
    let cancel = clock.after(this.#markMs / 3, renew)
    return () => {
      cancel()
      return renewing
    }
  }

  /** Takes a mark away without a publish; one that cannot be taken away ends by itself when it expires. */
  async giveUp(id: string, token: string | null): Promise<void> {
    if (token === null) return
    await this.#core.background.attempt('abort', () => this.#abort(id, token))
  }

  async giveUpAll(marks: MarkTokens): Promise<void> {
    await Promise.all([...marks].map(([id, token]) => this.giveUp(id, token)))
  }

  #mark(id: string, token: string): Promise<void> {
    return this.#core.store.write('begin', (store) => store.begin(id, token, this.#markMs))
  }

  #abort(id: string, token: string): Promise<void> {
    return this.#core.store.write('abort', (store) => store.abort(id, token))
  }
}
