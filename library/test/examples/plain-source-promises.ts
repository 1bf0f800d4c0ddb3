import type { Source } from 'caching-patterns'
import { expect, test } from 'vitest'
import type { UsersDatabase } from './users-database.ts'

interface User {
  readonly id: number
  readonly name: string
  readonly email: string
}

const reading = { signal: new AbortController().signal }
const inTime = () => ({ deadlineAt: Date.now() + 60_000 })
const tooLate = () => ({ deadlineAt: Date.now() - 1_000 })
const ada = { name: 'Ada', email: 'ada@example.test' }
const eve = { name: 'Eve', email: 'eve@example.test' }

/** What every plain source of the examples keeps. `open`: makes it over the client. */
export function plainSourcePromises<Client>(
  database: UsersDatabase<Client>,
  open: (client: Client) => Source<number, User>,
): void {
  const source = () => open(database.client) as Required<Omit<Source<number, User>, 'put'>>
  const inserted = (value: Partial<User> = ada) => source().insert(value, inTime())
  const rows = () => database.query('select name, email from users order by id')

  test('loads a row, and nothing for an absent one', async () => {
    const { key, value } = await inserted()
    expect(value).toEqual({ id: key, ...ada })
    expect(await source().load(key, reading)).toEqual(value)
    expect((await source().load(key + 1, reading)) ?? null).toBeNull()
  })

  test('loads many in the order of the keys, absent and repeated ones in their places', async () => {
    const [first, second] = [await inserted(), await inserted(eve)]
    const keys = [second.key, 0, first.key, second.key]
    const found = await source().loadMany(keys, reading)
    expect(found.map((user) => user ?? null)).toEqual([
      second.value,
      null,
      first.value,
      second.value,
    ])
    expect(await source().loadMany([], reading)).toEqual([])
  })

  test('updates some fields, or by a function of the current value', async () => {
    const { key } = await inserted()
    const patched = await source().update(key, { name: 'Augusta' }, inTime())
    expect(patched).toEqual({ id: key, name: 'Augusta', email: ada.email })
    const change = (user: User) => ({ ...user, name: `${user.name} Ada` })
    expect(await source().update(key, change, inTime())).toMatchObject({ name: 'Augusta Ada' })
    expect(await rows()).toEqual([{ name: 'Augusta Ada', email: ada.email }])
    expect(await source().update(key + 1, change, inTime())).toBeNull()
  })

  test('loses no concurrent update', async () => {
    const { key } = await inserted({ ...ada, name: '' })
    const change = (user: User) => ({ ...user, name: `${user.name}+` })
    await Promise.all(Array.from({ length: 10 }, () => source().update(key, change, inTime())))
    expect(await source().load(key, reading)).toMatchObject({ name: '++++++++++' })
  })

  test('deletes a row, and says whether there was one', async () => {
    const { key } = await inserted()
    expect(await source().delete(key, inTime())).toBe(true)
    expect(await source().delete(key, inTime())).toBe(false)
    expect(await rows()).toEqual([])
  })

  test('writes nothing past the deadline, and says so', async () => {
    const { key } = await inserted()
    const late = { code: 'WRITE_TIMEOUT' }
    await expect(source().insert(eve, tooLate())).rejects.toMatchObject(late)
    await expect(source().update(key, eve, tooLate())).rejects.toMatchObject(late)
    await expect(source().delete(key, tooLate())).rejects.toMatchObject(late)
    expect(await rows()).toEqual([ada])
    expect(await source().update(key + 1, eve, tooLate())).toBeNull()
    expect(await source().delete(key + 1, tooLate())).toBe(false)
  })

  test('writes nothing when the function throws, and passes its error on', async () => {
    const { key } = await inserted()
    const refusal = new Error('not with me')
    const change = () => {
      throw refusal
    }
    await expect(source().update(key, change, inTime())).rejects.toBe(refusal)
    expect(await rows()).toEqual([ada])
  })
}

/** That errors of the database arrive as they are, and that an unanswered COMMIT is of unknown outcome. */
export function outcomePromises<Client>(
  database: UsersDatabase<Client>,
  insert: (client: Client) => Promise<unknown>,
  withLostCommits: (client: Client) => Client,
): void {
  test('passes the error of a taken address on', async () => {
    await insert(database.client)
    await expect(insert(database.client)).rejects.toMatchObject({ code: '23505' })
    expect(await database.query('select from users')).toHaveLength(1)
  })

  test('says that the outcome is unknown when COMMIT is not answered', async () => {
    const unanswered = insert(withLostCommits(database.client))
    await expect(unanswered).rejects.toMatchObject({
      code: 'WRITE_OUTCOME_UNKNOWN',
      cause: lost,
    })
    expect(await database.query('select from users')).toHaveLength(1)
  })

  test('knows a refused COMMIT from an unanswered one', async () => {
    await database.query(`alter table users add constraint later unique (name) deferrable initially deferred;
      insert into users (name, email) values ('Ada', 'other@example.test')`)
    try {
      await expect(insert(database.client)).rejects.toMatchObject({ code: '23505' })
    } finally {
      await database.query('alter table users drop constraint later')
    }
    expect(await database.query('select from users')).toHaveLength(1)
  })
}

/** What a client rejects with when its connection breaks. */
export const lost = new Error('Connection terminated unexpectedly')
