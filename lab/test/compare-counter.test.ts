import { describeWith } from '@caching-patterns/local-servers/vitest'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { labPool } from '../compare/lab-database.ts'
import { type CountingPostgres, startCountingPostgres } from '../compare/statement-counter.ts'

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  // Its server goes first.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

describeWith(['postgres'], 'the counter of statements', () => {
  const start = async (library?: string): Promise<CountingPostgres> => {
    const counting = await startCountingPostgres(library)
    onTestFinished(() => counting.stop())
    return counting
  }

  test('counts what subjects send to one database, and neither BEGIN and COMMIT nor the lab', async () => {
    const { postgres, statementsIn } = await start()
    const url = await postgres.createDatabase('shop')
    const [client, elsewhere] = [await connected(url), await connected(postgres.url)]
    expect(await statementsIn?.('shop')).toBe(0)
    await client.query('begin')
    await client.query('set local lock_timeout = 100')
    for (const id of ['1', '2'])
      await client.query({ name: 'one', text: 'select $1', values: [id] })
    await client.query('create table users (id int)')
    await client.query('insert into users values (1), (2)')
    await client.query('commit')
    expect(await statementsIn?.('shop')).toBe(3)
    await elsewhere.query('select 1')
    const lab = labPool(url)
    await lab.query('select from users')
    await lab.end()
    expect(await statementsIn?.('shop')).toBe(3)
  })

  test('is absent where PostgreSQL comes without the extension, which runs all the same', async () => {
    const { postgres, statementsIn } = await start('not_installed_anywhere')
    expect(statementsIn).toBeUndefined()
    const client = await connected(await postgres.createDatabase('shop'))
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    const { rows } = await client.query('show fsync')
    expect(rows).toEqual([{ fsync: 'on' }])
  })
})
