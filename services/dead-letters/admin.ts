/** A dead letter as the service lists it. */
export interface ListedLetter {
  readonly id: number
  readonly version: number
  readonly operation: string
  readonly name: string | null
  readonly email: string | null
  readonly sqlstate: string
  readonly reason: string
  readonly attempts: number
  readonly at: string
  readonly supersededBy: number | null
}

/** What `GET /admin/dead-letters` answers. */
export interface LetterList {
  readonly total: number
  readonly deadLetters: readonly ListedLetter[]
}

/** The service said no, or nothing. Its message is one line. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** More than the service itself waits for. */
const answerWithinMs = 65_000

/** The admin routes of dead letters of one service. Each call rejects with a `RefusedError`. */
export function adminOf(url: string, token: string | undefined) {
  const send = async (
    method: string,
    path: string,
    { headers = {}, draft }: { headers?: Record<string, string>; draft?: object | undefined } = {},
  ) => {
    const answer = await fetched(url, path, {
      method,
      headers: {
        ...headers,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(draft !== undefined && { 'content-type': 'application/json' }),
      },
      ...(draft !== undefined && { body: JSON.stringify(draft) }),
      signal: AbortSignal.timeout(answerWithinMs),
    })
    if (!answer.ok) throw new RefusedError(whyRefused(url, await problemOf(answer)))
    return answer
  }
  const of = (id: string) => `/admin/dead-letters/${id}`

  return {
    async list(): Promise<LetterList> {
      const answer = await send('GET', '/admin/dead-letters')
      return (await answer.json()) as LetterList
    },
    /** Answers what is known of the write: `accepted` or `persisted`. */
    async retry(id: string, draft: object | undefined, wait: number): Promise<string> {
      const headers = { prefer: `wait=${wait}` }
      const answer = await send('POST', `${of(id)}/retry`, { headers, draft })
      return answer.headers.get('write-status') ?? 'accepted'
    },
    discard: (id: string) => send('DELETE', of(id)),
    flush: () => send('POST', '/admin/flush'),
  }
}

async function fetched(url: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url + path, init)
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: unknown } }
    const why = name === 'TimeoutError' ? 'time is up' : String(cause?.code ?? name)
    throw new RefusedError(
      `${url} does not answer (${why}): start it with npm run write-behind, or name another with --url`,
    )
  }
}

interface Problem {
  readonly status: number
  readonly code?: unknown
  readonly detail?: unknown
}

async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text()
  try {
    return { ...(JSON.parse(text) as object), status: answer.status }
  } catch {
    return { status: answer.status }
  }
}

function whyRefused(url: string, { status, code, detail }: Problem): string {
  if (code === undefined || code === 'NOT_FOUND') {
    return `${url} is not a write-behind service (${status}): name one with --url`
  }
  const hint = code === 'UNAUTHORIZED' ? ': set ADMIN_TOKEN to the token of the service' : ''
  return `${status} ${code}: ${detail}${hint}`
}
