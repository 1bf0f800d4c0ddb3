import type { Endpoint } from './endpoint.ts'
import { type Books, readUser } from './read-user.ts'

/**
 * Reads every user that was written, once and past an emptied cache: what the database holds has to
 * be what was acknowledged last. Answers how many there were.
 */
export async function compareRows(
  endpoints: readonly Endpoint[],
  books: Books,
  concurrency: number,
): Promise<number> {
  const { ids } = books.ledger
  let next = 0
  const lane = async () => {
    for (let index = next++; index < ids.length; index = next++) {
      const id = ids[index] as number
      const endpoint = endpoints[index % endpoints.length] as Endpoint
      const outcome = await readUser(endpoint, id, books)
      if (outcome === 'miss' || outcome === 'bypass' || outcome === undefined) continue
      const words = `user ${id}: expected a load from the database, received "${outcome}"`
      books.findings.add(books.check, `${endpoint.name}: ${words}`)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  return ids.length
}
