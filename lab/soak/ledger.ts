/** A user as far as a writer decides it. */
export interface Draft {
  readonly name: string
  readonly email: string
}

/** What a read showed. */
export type Observation = Draft | 'absent'

/** An acknowledged write. Later writes have higher serials. */
export interface Written {
  readonly serial: number
  /** The `ETag` that it was answered with. */
  readonly tag: string
}

/** A read that has begun: it may show nothing older than `floor`. */
export interface Reading {
  readonly id: number
  readonly floor: number
}

export interface LedgerOptions {
  /** Tells what this run writes from all that was there before. */
  readonly run: string
  /** Users 1 to this are there from the beginning, and are never deleted. */
  readonly users: number
  /** Nobody sees anything older than what anybody has seen, acknowledged or not. */
  readonly isMonotonic: boolean
}

interface Account {
  /** The last acknowledged write, or a later one that somebody saw; 0: none of this run. */
  floor: number
  /** Values that readers may see, had they not been overwritten: begun, and not refused. */
  readonly serials: Set<number>
  /** Those of them that may take effect at any time, or never. */
  readonly unsure: Set<number>
  /** The delete that was begun, and not refused. */
  deleted?: number | undefined
  written?: Written
  /** The acknowledged write before that. */
  overwritten?: Written | undefined
}

const recentlyCreated = 512

/**
 * What the clients of a run wrote, and what readers may therefore see. One client alone writes a
 * user, one write after the other. Whoever reads it, through whichever process, sees nothing older
 * than the last write that was acknowledged before the read began.
 */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #accounts = new Map<number, Account>()
  readonly #creating = new Set<number>()
  readonly #recent: number[] = []
  #lastSerial = 0
  #highestId: number

  constructor(options: LedgerOptions) {
    this.#options = options
    this.#highestId = options.users
  }

  /** Every user that somebody wrote, deleted ones too. */
  get ids(): readonly number[] {
    return [...this.#accounts.keys()]
  }

  get highestId(): number {
    return this.#highestId
  }

  /** Users created last, by anybody, that nobody began to delete. */
  get recent(): readonly number[] {
    return this.#recent
  }

  /** What a write sends, so that a reader can tell which one it sees. */
  draft(serial: number | 'refused'): Draft {
    const text = `${this.#options.run}-${serial}`
    return { name: `Soak ${text}`, email: `soak-${text}@example.com` }
  }

  beginCreate(): number {
    this.#lastSerial += 1
    this.#creating.add(this.#lastSerial)
    return this.#lastSerial
  }

  created(id: number, written: Written): void {
    this.#creating.delete(written.serial)
    this.#account(id).serials.add(written.serial)
    this.acknowledged(id, written)
    this.#highestId = Math.max(this.#highestId, id)
    this.#recent.push(id)
    if (this.#recent.length > recentlyCreated) this.#recent.shift()
  }

  beginUpdate(id: number): number {
    this.#lastSerial += 1
    this.#account(id).serials.add(this.#lastSerial)
    return this.#lastSerial
  }

  beginDelete(id: number): number {
    this.#lastSerial += 1
    this.#account(id).deleted = this.#lastSerial
    const index = this.#recent.indexOf(id)
    if (index >= 0) this.#recent.splice(index, 1)
    return this.#lastSerial
  }

  /** An update or a delete was acknowledged; a write of unknown outcome is never. */
  acknowledged(id: number, written: Written): void {
    const account = this.#account(id)
    account.floor = Math.max(account.floor, written.serial)
    account.overwritten = account.written
    account.written = written
  }

  /** Nothing was written: nobody may see it. */
  refused(id: number | undefined, serial: number): void {
    this.#creating.delete(serial)
    const account = id === undefined ? undefined : this.#accounts.get(id)
    account?.serials.delete(serial)
    if (account?.deleted === serial) account.deleted = undefined
  }

  /** Nobody can tell what became of it: it may overwrite what is acknowledged later. */
  unsure(id: number, serial: number): void {
    this.#account(id).unsure.add(serial)
  }

  lastWritten(id: number): Written | undefined {
    return this.#accounts.get(id)?.written
  }

  lastOverwritten(id: number): Written | undefined {
    return this.#accounts.get(id)?.overwritten
  }

  beginRead(id: number): Reading {
    return { id, floor: this.#accounts.get(id)?.floor ?? 0 }
  }

  /** What is wrong with what a read showed; undefined: nothing. */
  check({ id, floor }: Reading, shown: Observation): string | undefined {
    const account = this.#accounts.get(id)
    const serial =
      shown === 'absent' ? this.#absence({ id, floor }, account) : this.#presence(shown, account)
    if (typeof serial === 'string') return `user ${id} ${serial}${this.#after(floor)}`
    if (account?.unsure.has(serial)) return undefined
    if (serial < floor) return `user ${id} shows ${nameOf(serial)}${this.#after(floor)}`
    if (account !== undefined && this.#options.isMonotonic) {
      account.floor = Math.max(account.floor, serial)
    }
    return undefined
  }

  #absence({ id, floor }: Reading, account: Account | undefined): number | string {
    if (account?.deleted !== undefined) return account.deleted
    // Nobody had been told that it was created when the read began.
    if (floor === 0 && id > this.#options.users) return 0
    return 'is not there, and nobody deleted it'
  }

  #presence(shown: Draft, account: Account | undefined): number | string {
    const serial = this.#serialOf(shown)
    if (serial === 0) return 0
    const isKnown = account === undefined ? this.#creating : account.serials
    if (serial !== undefined && isKnown.has(serial)) return serial
    return `shows ${JSON.stringify([shown.name, shown.email])}, which nobody wrote to it`
  }

  /** 0: not of this run; undefined: no write has sent it. */
  #serialOf({ name, email }: Draft): number | undefined {
    const isOfRun = (text: string) => text.includes(this.#options.run)
    if (!isOfRun(name) && !isOfRun(email)) return 0
    const serial = Number(name.split('-').at(-1))
    const draft = this.draft(serial)
    return draft.name === name && draft.email === email ? serial : undefined
  }

  #after(floor: number): string {
    return floor === 0 ? '' : ` after ${nameOf(floor)} was acknowledged or seen`
  }

  #account(id: number): Account {
    const known = this.#accounts.get(id)
    if (known !== undefined) return known
    const account: Account = { floor: 0, serials: new Set(), unsure: new Set() }
    this.#accounts.set(id, account)
    return account
  }
}

function nameOf(serial: number): string {
  return serial === 0 ? 'what it was before the run' : `write ${serial}`
}
