import { setTimeout as delay } from 'node:timers/promises'
import { type Exchange, exchange } from '../../soak/exchange.ts'

const answerWithinMs = 1_000
const pauseMs = 50
/** Once may have been luck. */
const timesInARow = 3

/** How long it takes until every process reads and writes this user again; undefined: longer than that. */
export async function recovery(
  urls: readonly string[],
  id: number,
  withinMs: number,
): Promise<number | undefined> {
  const talks = urls.map((url) => exchange(url, 2, answerWithinMs))
  const begunAt = performance.now()
  let inARow = 0
  let firstAt = begunAt
  try {
    while (performance.now() - begunAt < withinMs) {
      const isWell = (await Promise.all(talks.map((each) => works(each, id)))).every(Boolean)
      if (inARow === 0) firstAt = performance.now()
      inARow = isWell ? inARow + 1 : 0
      if (inARow === timesInARow) return firstAt - begunAt
      await delay(pauseMs)
    }
    return undefined
  } finally {
    for (const each of talks) each.close()
  }
}

async function works(talks: Exchange, id: number): Promise<boolean> {
  const path = `/users/${id}`
  const body = { name: `Back ${Math.round(performance.now())}`, email: `user${id}@example.com` }
  try {
    const written = await talks.send({ method: 'PUT', path, body })
    const read = await talks.send({ method: 'GET', path })
    return written.status === 200 && read.status === 200
  } catch {
    // No answer: not yet.
    return false
  }
}
