import { randomInt } from 'node:crypto'

/** A row of the size that services cache: about 150 bytes as JSON. */
export interface User {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly createdAt: string
  readonly updatedAt: string
}

const names = ['Ada Lovelace', 'Grace Hopper', 'Barbara Liskov', 'Edsger Dijkstra', 'Alan Turing']

/** Draws so many users with different ids, by id, in random order. */
export function drawUsers(count: number): ReadonlyMap<number, User> {
  const users = new Map<number, User>()
  while (users.size < count) {
    const id = randomInt(1, 1_000_000_000)
    if (!users.has(id)) users.set(id, drawUser(id))
  }
  return users
}

function drawUser(id: number): User {
  const name = names[id % names.length] as string
  const createdAt = Date.UTC(2024, 0, 1) + randomInt(0, 30_000_000_000)
  return {
    id,
    name,
    email: `${name.toLowerCase().replace(' ', '.')}.${id}@example.com`,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(createdAt + randomInt(0, 30_000_000_000)).toISOString(),
  }
}
