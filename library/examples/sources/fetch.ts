/**
 * A service behind HTTP. `httpUsers` is a source: all values live as long as the cache says.
 * `loadUser` is for `cacheAside`, where a load says how long its own value lives: it does what the
 * answer's `Cache-Control` asks for.
 */
import type { LoadContext, Source } from 'caching-patterns'

/** What is cached. */
export interface User {
  readonly id: number
  readonly name: string
  readonly email: string
}

/** The users of the service at `baseUrl`. Other answers than 200 and 404 are errors, and are not cached. */
export function httpUsers(baseUrl: string): Source<number, User> {
  return {
    async load(id, { signal }) {
      const response = await request(baseUrl, id, signal)
      return await bodyOf(response)
    },
  }
}

/**
 * The load of one user, for `users.getOrLoad(id, loadUser(baseUrl, id))`. `max-age` becomes the TTL of
 * this value, less the `Age` that the answer has already; what is not for a shared cache is answered, and not stored.
 */
export function loadUser(
  baseUrl: string,
  id: number,
): (context: LoadContext<User>) => Promise<User | null> {
  return async ({ signal, ttl, skip }) => {
    const response = await request(baseUrl, id, signal)
    const seconds = freshSeconds(response.headers)
    if (seconds !== undefined && seconds > 0) ttl(`${seconds}s`)
    if (seconds === 0) skip()
    return await bodyOf(response)
  }
}

async function request(baseUrl: string, id: number, signal: AbortSignal): Promise<Response> {
  const headers = { accept: 'application/json' }
  return await fetch(new URL(`users/${id}`, baseUrl), { signal, headers })
}

async function bodyOf(response: Response): Promise<User | null> {
  if (response.ok) return (await response.json()) as User
  // A body that nobody reads holds its connection.
  await response.body?.cancel()
  if (response.status === 404) return null
  throw new Error(`GET ${response.url} answered ${response.status}`)
}

/** How long a shared cache may keep an answer: 0, not at all; `undefined`, it does not say. */
function freshSeconds(headers: Headers): number | undefined {
  const directives = headers.get('cache-control')?.toLowerCase() ?? ''
  if (/\b(no-store|no-cache|private)\b/.test(directives)) return 0
  const [, seconds] =
    /\bs-maxage=(\d+)/.exec(directives) ?? /\bmax-age=(\d+)/.exec(directives) ?? []
  if (seconds === undefined) return undefined
  const age = Number(headers.get('age')) || 0
  return Math.min(Math.max(Number(seconds) - age, 0), 365 * 24 * 60 * 60)
}
