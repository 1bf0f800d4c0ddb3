import { PrismaPg } from '@prisma/adapter-pg'
import { readThrough } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { expect, test } from 'vitest'
import { prismaUsers, type User } from '../../examples/sources/prisma.ts'
import { plainSourcePromises } from './plain-source-promises.ts'
import { PrismaClient } from './prisma-client/client.ts'
import { describeOverPool, type UsersDatabase } from './users-database.ts'

const ada = { name: 'Ada', email: 'ada@example.test' }
const inTime = () => ({ deadlineAt: Date.now() + 60_000 })

describeOverPool(
  'a model of Prisma',
  (pool) => new PrismaClient({ adapter: new PrismaPg(pool) }),
  promises,
)

function promises(database: UsersDatabase<PrismaClient>) {
  plainSourcePromises(database, prismaUsers)

  test('passes the error of a taken address on', async () => {
    const insert = () => prismaUsers(database.client).insert?.(ada, inTime())
    await insert()
    await expect(insert()).rejects.toMatchObject({ code: 'P2002' })
    expect(await database.query('select from users')).toHaveLength(1)
  })

  test('says that the outcome is unknown when COMMIT failed', async () => {
    await database.query(`alter table users add constraint later unique (name) deferrable initially deferred;
      insert into users (name, email) values ('Ada', 'other@example.test')`)
    try {
      const insert = prismaUsers(database.client).insert?.(ada, inTime())
      await expect(insert).rejects.toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN' })
    } finally {
      await database.query('alter table users drop constraint later')
    }
    expect(await database.query('select from users')).toHaveLength(1)
  })

  test('stands behind read-through, whose mutate fences commits of your own', async () => {
    const prisma = database.client
    const source = prismaUsers(prisma)
    const users = readThrough<number, User>({
      name: 'users',
      store: memoryStore(),
      source,
      ttl: '5m',
    })
    const { key } = await users.create(ada)
    expect(await users.get(key)).toMatchObject(ada)
    expect((await users.lookup(key)).status).toBe('hit')
    const { result, status } = await users.mutate([key], () =>
      prisma.user.update({ where: { id: key }, data: { name: 'Ada Lovelace' } }),
    )
    expect(status).toBe('confirmed')
    expect(result.name).toBe('Ada Lovelace')
    expect(await users.lookup(key)).toMatchObject({
      status: 'miss',
      value: { name: 'Ada Lovelace' },
    })
    await users.close()
  })
}
