import type { Change, Row, VersionedSource, WriteOutcome } from 'caching-patterns'
import type { ContractValue } from 'caching-patterns/testing'

interface User {
  readonly id: number
  readonly name: string
  readonly email: string
}

/** The contract's `count`, kept in the address, which is unique: the key is in it too. */
export function asContractSource(
  users: VersionedSource<number, User>,
): VersionedSource<number, ContractValue> {
  return {
    versioned: true,
    async load(id, context) {
      const row = await users.load(id, context)
      return row && contractRow(row)
    },
    async loadMany(ids, context) {
      const rows = (await users.loadMany?.(ids, context)) ?? []
      return rows.map((row) => (row && !(row instanceof Error) ? contractRow(row) : row))
    },
    nextKey: () => users.nextKey(),
    insert: async (id, value, context) =>
      contractRow(await users.insert(id, userPart(id, value), context)),
    update: async (id, change, context) =>
      contractOutcome(await users.update(id, userChange(id, change), context)),
    put: async (id, value, context) =>
      contractOutcome(await users.put(id, user(id, value), context)),
    delete: (id, context) => users.delete(id, context),
  }
}

function userChange(id: number, change: Change<ContractValue>): Change<User> {
  if (typeof change !== 'function') return userPart(id, change)
  return (current) => user(id, change(contractValue(current)))
}

function user(id: number, value: ContractValue): User {
  return { id, name: value.name, email: `${value.count}@${id}.example` }
}

function userPart(id: number, { name, count }: Partial<ContractValue>): Partial<User> {
  return {
    ...(name !== undefined && { name }),
    ...(count !== undefined && { email: `${count}@${id}.example` }),
  }
}

function contractValue({ name, email }: User): ContractValue {
  return { name, count: Number(email.split('@')[0]) }
}

function contractRow({ value, version }: Row<User>): Row<ContractValue> {
  return { value: contractValue(value), version }
}

function contractOutcome(outcome: WriteOutcome<User>): WriteOutcome<ContractValue> {
  if (outcome.outcome !== 'written') return outcome
  return { ...outcome, value: contractValue(outcome.value) }
}
