import { randomBytes } from 'node:crypto'
import type { Row } from '../../peers/peer.ts'

/** A row of the size that services cache: about 150 bytes as JSON. */
export interface BenchRow extends Row {
  readonly email: string
  readonly createdAt: string
}

const names = ['Ada Lovelace', 'Grace Hopper', 'Barbara Liskov', 'Edsger Dijkstra', 'Alan Turing']
const dayMs = 86_400_000

/** The row of a key, the same in every process. */
export function rowOf(key: string): BenchRow {
  const draw = [...key].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
  const text = names[draw % names.length] as string
  const email = `${text.toLowerCase().replace(' ', '.')}.${key.toLowerCase()}@example.com`
  const createdAt = new Date(Date.UTC(2024, 0, 1) + draw * dayMs).toISOString()
  return { key, version: 1, text, email, createdAt }
}

/** A key that nobody else draws: 72 random bits. */
export function drawKey(): string {
  return `user-${randomBytes(9).toString('base64url')}`
}
