import type { Version } from '../../contract/entry.ts'

/** P: writes of one key in progress, each with its own token and deadline. */
export class Pending {
  readonly kind = 'pending'
  /** The highest version known to be committed; `Infinity`: poisoned, nobody may publish. */
  #maxVersion: Version
  readonly #deadlines = new Map<string, number>()

  constructor(maxVersion: Version) {
    this.#maxVersion = maxVersion
  }

  /** The latest deadline: from then on the key is absent. */
  get goneAt(): number {
    return Math.max(...this.#deadlines.values())
  }

  get isEmpty(): boolean {
    return this.#deadlines.size === 0
  }

  /** A mark joins, or is renewed. */
  join(token: string, until: number, now: number): void {
    this.#dropExpired(now)
    this.#deadlines.set(token, until)
  }

  /** A mark goes. True when it was alive. */
  leave(token: string | null, now: number): boolean {
    this.#dropExpired(now)
    return token !== null && this.#deadlines.delete(token)
  }

  /** A version of this key is committed: an older one may no longer be published. */
  raise(version: Version): void {
    this.#maxVersion = Math.max(this.#maxVersion, version)
  }

  /** Nobody may publish. */
  poison(): void {
    this.#maxVersion = Number.POSITIVE_INFINITY
  }

  /** Whether nothing newer than `version` may have been committed. */
  mayPublish(version: Version): boolean {
    return version === this.#maxVersion
  }

  /** The writer of an expired mark may have committed, or may yet: with it goes the right of the others to publish. */
  #dropExpired(now: number): void {
    for (const [token, deadline] of this.#deadlines) {
      if (deadline > now) continue
      this.#deadlines.delete(token)
      this.poison()
    }
  }
}

/**
 * The marks of all keys. They are never evicted, since an evicted mark costs linearizability; they
 * expire by themselves, so that there are as many as writes began within the longest mark's life.
 */
export class Marks {
  /** In the order in which a mark last joined: about that of their ends. */
  readonly #byKey = new Map<string, Pending>()

  get size(): number {
    return this.#byKey.size
  }

  get(key: string, now: number): Pending | undefined {
    const pending = this.#byKey.get(key)
    if (pending === undefined || pending.goneAt > now) return pending
    this.#byKey.delete(key)
    return undefined
  }

  /** Puts `pending` at the end of the order, and sweeps what has gone from its front. */
  set(key: string, pending: Pending, now: number): void {
    this.#byKey.delete(key)
    for (const [other, { goneAt }] of this.#byKey) {
      if (goneAt > now) break
      this.#byKey.delete(other)
    }
    this.#byKey.set(key, pending)
  }

  delete(key: string): void {
    this.#byKey.delete(key)
  }

  poison(prefix: string): void {
    for (const [key, pending] of this.#byKey) if (key.startsWith(prefix)) pending.poison()
  }
}
