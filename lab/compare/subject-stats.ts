import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../replay/failure.ts'

/** What of `/stats` the comparison needs: of a service, or of a control. */
export interface SubjectStats {
  readonly journal?: { readonly dirty: number } | null
  readonly queue?: { readonly waiting: number; readonly isFlushing: boolean } | null
  readonly database?: { readonly statements: number }
}

const answerWithinMs = 2_000
const settleWithinMs = 60_000
const clearWithinMs = 10_000
const pollMs = 20

/** Rejects with a `Failure` when the process does not answer in time. */
export async function statsOf(url: string): Promise<SubjectStats> {
  return (await asked('GET', `${url}/stats`)).json() as Promise<SubjectStats>
}

/** Empties the cache that this process uses: again, when it has no patience for a cache that is far away or busy. */
export async function clearCacheAt(url: string): Promise<void> {
  const giveUpAt = performance.now() + clearWithinMs
  for (;;) {
    try {
      await asked('POST', `${url}/admin/cache/clear`)
      return
    } catch (error) {
      if (performance.now() > giveUpAt) throw error
    }
    await delay(pollMs)
  }
}

/** Waits until nothing that these processes accepted is on its way to the database; rejects with a `Failure` after a minute. */
export async function settled(
  urls: () => readonly string[],
  withinMs = settleWithinMs,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    const waiting = await Promise.all(urls().map(waitingAt))
    const left = waiting.find((each) => each !== undefined)
    if (left === undefined) return
    if (performance.now() > giveUpAt) {
      throw new Failure(`expected all writes in the database within ${withinMs / 1_000} s: ${left}`)
    }
    await delay(pollMs)
  }
}

/** In words; undefined: nothing. */
async function waitingAt(url: string): Promise<string | undefined> {
  try {
    const { journal, queue } = await statsOf(url)
    if (journal && journal.dirty > 0) return `${journal.dirty} users are dirty`
    if (queue && queue.waiting > 0) return `${queue.waiting} writes are queued`
    return queue?.isFlushing ? 'a batch is being written' : undefined
  } catch (error) {
    // Who cannot say what waits has not settled.
    return (error as Error).message
  }
}

async function asked(method: 'GET' | 'POST', url: string): Promise<Response> {
  const signal = AbortSignal.timeout(answerWithinMs)
  const response = await fetch(url, { method, signal }).catch((error: Error) => {
    throw new Failure(`${method} ${url}: ${String(error.cause ?? error.message)}`)
  })
  if (response.ok) return response
  throw new Failure(`${method} ${url}: expected 2xx, received ${response.status}`)
}
