/**
 * A model of Prisma, as values: for every pattern that only invalidates after a write
 * (`readThrough`, `refreshAhead`, `createCache` with `around`). Writes of your own, with all that
 * Prisma can do, go through the cache's `mutate`.
 */
import { outcomeUnknown, type Source, writeTimeout } from 'caching-patterns'

/** What is cached. */
export interface User {
  readonly id: number
  readonly name: string
  readonly email: string
}

interface Queries {
  readonly user: {
    findUnique(query: { where: { id: number }; select: Selected }): PromiseLike<User | null>
    findMany(query: { where: { id: { in: number[] } }; select: Selected }): PromiseLike<User[]>
    create(query: { data: Omit<User, 'id'>; select: Selected }): PromiseLike<User>
    update(query: {
      where: { id: number }
      data: Omit<User, 'id'>
      select: Selected
    }): PromiseLike<User>
    deleteMany(query: { where: { id: number } }): PromiseLike<{ count: number }>
  }
  $queryRaw<Rows>(text: TemplateStringsArray, ...values: unknown[]): PromiseLike<Rows>
}

/** What is used of a generated client with a model `User`: a `PrismaClient` over PostgreSQL fits. */
export interface UserClient extends Queries {
  $transaction<Result>(work: (tx: Queries) => Promise<Result>): Promise<Result>
}

type Selected = typeof select
const select = { id: true, name: true, email: true } as const

/** The model `User`. */
export function prismaUsers(prisma: UserClient): Source<number, User> {
  return {
    load: async (id) => prisma.user.findUnique({ where: { id }, select }),

    async loadMany(ids) {
      const users = await prisma.user.findMany({ where: { id: { in: [...ids] } }, select })
      const byId = new Map(users.map((user) => [user.id, user]))
      return ids.map((id) => byId.get(id))
    },

    insert: (value, { deadlineAt }) =>
      commit(prisma, async (tx) => {
        // A field that is missing is for Prisma to refuse.
        const { name, email } = value as User
        const user = await tx.user.create({ data: { name, email }, select })
        await assertInTime(tx, user.id, deadlineAt)
        return { key: user.id, value: user }
      }),

    update: (id, change, { deadlineAt }) =>
      commit(prisma, async (tx) => {
        const [current] = await tx.$queryRaw<User[]>`
          select id, name, email from users where id = ${id} for update`
        if (current === undefined) return null
        const next = typeof change === 'function' ? change(current) : { ...current, ...change }
        const data = { name: next.name, email: next.email }
        const user = await tx.user.update({ where: { id }, data, select })
        await assertInTime(tx, id, deadlineAt)
        return user
      }),

    delete: (id, { deadlineAt }) =>
      commit(prisma, async (tx) => {
        const { count } = await tx.user.deleteMany({ where: { id } })
        if (count === 0) return false
        await assertInTime(tx, id, deadlineAt)
        return true
      }),
  }
}

/** The last statement of a write: too late, and the transaction rolls back. Waits for locks count. */
async function assertInTime(tx: Queries, id: number, deadlineAt: number): Promise<void> {
  const [clock] = await tx.$queryRaw<{ now: number }[]>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`
  if (clock === undefined || clock.now >= deadlineAt) throw writeTimeout(id)
}

/** A transaction that says when nobody can tell whether it was committed. */
async function commit<Result>(
  prisma: UserClient,
  work: (tx: Queries) => Promise<Result>,
): Promise<Result> {
  let isCommitting = false
  try {
    return await prisma.$transaction(async (tx) => {
      const result = await work(tx)
      isCommitting = true
      return result
    })
  } catch (error) {
    // What Prisma says of a failed COMMIT proves no rollback.
    throw isCommitting ? outcomeUnknown(error) : error
  }
}
