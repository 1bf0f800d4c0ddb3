import type { Standing } from '../audit.ts'
import type { RecordedRead, RecordedWrite } from '../record.ts'

/** A write that the database refused, as the journal keeps it. */
export interface Letter {
  readonly key: string
  readonly version: number
  /** `null`: a delete. */
  readonly value: string | null
  readonly sqlstate: string
}

/** What there is of the users of a phase when the journal is empty, or should be. */
export interface Books {
  readonly rows: readonly Standing[]
  readonly letters: readonly Letter[]
  /** Users whose last write is in the journal still: of them nobody can tell yet. */
  readonly dirty: ReadonlySet<string>
}

/** What clients wrote, as far as they know. */
export interface Writings {
  readonly operations: readonly (RecordedRead | RecordedWrite)[]
  /** Values of writes that were refused: nobody may ever see them. */
  readonly refused: ReadonlySet<string>
  /** Values of creates that were not answered: of which user nobody knows. */
  readonly unknownCreates: ReadonlySet<string>
}

/** What clients were told, beside what became of it. */
export interface Balance {
  readonly keys: number
  readonly acknowledged: number
  readonly creates: number
  readonly deletes: number
  readonly unknown: number
  /** Dead letters by SQLSTATE. */
  readonly letters: Readonly<Record<string, number>>
  /** Users whose last acknowledged write, or a newer one, is neither in the database nor a dead letter. */
  readonly lost: readonly string[]
  /** Users that are there after an acknowledged delete. */
  readonly resurrected: readonly string[]
  /** Rows and dead letters that no write accounts for. */
  readonly wrong: readonly string[]
}

/** Names of writes that the database refuses, and by which SQLSTATE; all others it has no reason to refuse. */
export const refusals = { 'Poison ': '23514', 'Clash ': '23505' } as const

/**
 * Holds the database and the dead letters against what was acknowledged, user by user. Right is the row of the last
 * acknowledged version, or one of a write whose outcome is unknown and whose version is higher, or none where a
 * delete was acknowledged (or may have happened); and anything below it while a dead letter keeps that version or a
 * higher one. Deletes tell no version: no id is drawn twice, so that a delete is the last write of its user.
 */
export function balance(before: readonly Standing[], writings: Writings, books: Books): Balance {
  const accounts = accountsOf(before, writings)
  const rows = new Map(books.rows.map((row) => [row.key, row]))
  const letters = new Map(books.letters.map((letter) => [letter.key, letter]))
  const verdicts: Record<'lost' | 'resurrected' | 'wrong', string[]> = {
    lost: [],
    resurrected: [],
    wrong: [],
  }
  for (const account of accounts.values()) {
    const { key } = account
    const verdict = judgeAccount(account, rows.get(key), letters.get(key))
    if (verdict !== undefined && !books.dirty.has(key)) verdicts[verdict.kind].push(verdict.message)
    if (account.creates > 1) verdicts.wrong.push(`${key} was given to ${account.creates} new users`)
  }
  verdicts.wrong.push(...strangers(books.rows, accounts, writings), ...misplaced(books.letters))
  const writes = writings.operations.filter((each) => each.kind === 'write')
  const acknowledged = writes.filter(({ outcome }) => outcome !== 'unknown')
  return {
    keys: accounts.size,
    acknowledged: acknowledged.length,
    creates: [...accounts.values()].reduce((sum, { creates }) => sum + creates, 0),
    deletes: acknowledged.filter(({ value }) => value === null).length,
    unknown: writes.length - acknowledged.length + writings.unknownCreates.size,
    letters: countsOf(books.letters.map(({ sqlstate }) => sqlstate)),
    ...verdicts,
  }
}

/** What one user is owed. */
interface Account {
  readonly key: string
  /** The highest version that was acknowledged, or stood there at first; undefined: it was never there for sure. */
  last: { readonly version: number; readonly value: string; readonly by: string } | undefined
  /** The value of each version that somebody was told. */
  readonly told: Map<number, string>
  /** Values of writes of unknown outcome. */
  readonly possible: Set<string>
  deletedBy: string | undefined
  mayBeDeleted: boolean
  creates: number
}

function accountsOf(before: readonly Standing[], { operations }: Writings): Map<string, Account> {
  const accounts = new Map<string, Account>()
  const accountOf = (key: string): Account => {
    const account = accounts.get(key) ?? {
      ...{ key, last: undefined, told: new Map(), possible: new Set<string>() },
      ...{ deletedBy: undefined, mayBeDeleted: false, creates: 0 },
    }
    accounts.set(key, account)
    return account
  }
  const tell = (account: Account, told: NonNullable<Account['last']>) => {
    account.told.set(told.version, told.value)
    if (account.last === undefined || account.last.version < told.version) account.last = told
  }
  for (const { key, version, value } of before) {
    tell(accountOf(key), { version, value, by: 'the seed' })
  }
  for (const operation of operations) {
    if (operation.kind === 'read') continue
    const { key, outcome, value, version, by } = operation
    const account = accountOf(key)
    if (operation.isCreate) account.creates += 1
    if (value === null || value === undefined) {
      if (outcome === 'unknown') account.mayBeDeleted = true
      else account.deletedBy = by
    } else if (outcome === 'unknown' || version === undefined) account.possible.add(value)
    else tell(account, { version, value, by })
  }
  return accounts
}

type Verdict = { readonly kind: 'lost' | 'resurrected' | 'wrong'; readonly message: string }

function judgeAccount(
  account: Account,
  row: Standing | undefined,
  letter: Letter | undefined,
): Verdict | undefined {
  const { key, last, deletedBy, mayBeDeleted } = account
  const isKept = letter !== undefined && last !== undefined && letter.version >= last.version
  const there = row === undefined ? 'no row' : `row ${row.version} "${row.value}"`
  if (deletedBy !== undefined) {
    if (row === undefined || letter?.value === null) return undefined
    return {
      kind: 'resurrected',
      message: `${key}: its delete was acknowledged by ${deletedBy}; ${there}`,
    }
  }
  if (last === undefined) return undefined
  const owed = `${key}: ${last.version} "${last.value}" was acknowledged by ${last.by}; ${there}, ${
    letter === undefined ? 'no dead letter' : `dead letter ${letter.version}`
  }`
  if (row === undefined) {
    return isKept || mayBeDeleted ? undefined : { kind: 'lost', message: owed }
  }
  if (row.version < last.version && !isKept) return { kind: 'lost', message: owed }
  const told = account.told.get(row.version)
  const isRight = told === undefined ? account.possible.has(row.value) : told === row.value
  return isRight ? undefined : { kind: 'wrong', message: `${owed}: nobody wrote that row` }
}

/** Rows of users that nobody was told of, save those of creates without an answer; rows of writes that were refused. */
function* strangers(
  rows: readonly Standing[],
  accounts: ReadonlyMap<string, Account>,
  { refused, unknownCreates }: Writings,
): Generator<string> {
  for (const { key, version, value } of rows) {
    const row = `${key}: row ${version} "${value}"`
    if (refused.has(value)) yield `${row}: that write was refused`
    else if (!accounts.has(key) && !unknownCreates.has(value)) yield `${row}: nobody wrote it`
  }
}

/** Dead letters of writes that the database had no reason to refuse, or not this one. */
function* misplaced(letters: readonly Letter[]): Generator<string> {
  for (const { key, version, value, sqlstate } of letters) {
    const name = Object.keys(refusals).find((start) => value?.startsWith(start))
    const expected = name === undefined ? undefined : refusals[name as keyof typeof refusals]
    if (expected !== sqlstate) {
      yield `${key}: dead letter ${version} ${JSON.stringify(value)} for ${sqlstate}, expected ${expected ?? 'none'}`
    }
  }
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
