/**
 * Every `code` that an answer can carry, with its status. Codes of the library keep their names.
 * `meaning` is what OpenAPI says; `docs/errors.md` lists the same codes.
 */
export const problemCodes = {
  BAD_REQUEST: { status: 400, meaning: 'the request is not well-formed HTTP' },
  BAD_URL: { status: 400, meaning: 'the path cannot be decoded' },
  INVALID_ID: { status: 400, meaning: 'the id is not a whole number from 1 to 2^53 - 1' },
  INVALID_QUERY: { status: 400, meaning: 'there are query parameters, and the route takes none' },
  INVALID_HEADER: {
    status: 400,
    meaning: 'a conditional header, or an idempotency key, cannot be parsed',
  },
  INVALID_JSON: { status: 400, meaning: 'the body is not JSON in UTF-8' },
  INVALID_BODY: { status: 400, meaning: 'a field is missing, unknown or out of bounds' },
  UNAUTHORIZED: { status: 401, meaning: 'the bearer token is missing or wrong' },
  FORBIDDEN: {
    status: 403,
    meaning: 'no token is set, and the service is reachable from elsewhere',
  },
  NOT_FOUND: { status: 404, meaning: 'there is no such route' },
  USER_NOT_FOUND: { status: 404, meaning: 'there is no such user' },
  DEAD_LETTER_NOT_FOUND: { status: 404, meaning: 'there is no dead letter of this user' },
  METHOD_NOT_ALLOWED: { status: 405, meaning: 'the route has other methods, listed in Allow' },
  REQUEST_TIMEOUT: { status: 408, meaning: 'the request took too long to arrive' },
  EMAIL_TAKEN: { status: 409, meaning: 'another user has this email, in whatever case' },
  DEAD_LETTERED: { status: 409, meaning: 'the database refused the write: it is a dead letter' },
  SUPERSEDED: { status: 409, meaning: 'the user was written since: the letter can be discarded' },
  VERSION_CONFLICT: { status: 412, meaning: 'the user stands at another version' },
  BODY_TOO_LARGE: { status: 413, meaning: 'the body is larger than 16 KiB' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, meaning: 'the body is not application/json' },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    meaning: 'the idempotency key came with another body before',
  },
  JOURNAL_FULL: { status: 429, meaning: 'too many writes wait to be flushed' },
  RATE_LIMITED: { status: 429, meaning: 'too many requests from this client in a minute' },
  HEADERS_TOO_LARGE: { status: 431, meaning: 'the headers are larger than 16 KiB' },
  INTERNAL_ERROR: { status: 500, meaning: 'a mistake of the service, which its log describes' },
  NOT_READY: { status: 503, meaning: 'starting, draining, or neither reads nor writes are served' },
  OVERLOADED: { status: 503, meaning: 'the process is behind with its work' },
  SOURCE_UNAVAILABLE: { status: 503, meaning: 'the database cannot be reached, or refuses work' },
  LOAD_TIMEOUT: { status: 503, meaning: 'the database did not answer a load in time' },
  LOAD_OVERLOADED: { status: 503, meaning: 'too many loads wait for the database' },
  STORE_TIMEOUT: { status: 503, meaning: 'the cache did not answer in time: nothing was written' },
  STORE_UNAVAILABLE: { status: 503, meaning: 'the cache cannot be reached: nothing was written' },
  WRITE_TIMEOUT: { status: 503, meaning: 'the write came after its deadline: nothing was written' },
  WRITE_OUTCOME_UNKNOWN: { status: 503, meaning: 'nobody can tell whether the write happened' },
  FLUSH_TIMEOUT: { status: 503, meaning: 'accepted writes still wait for the database' },
  CLOSED: { status: 503, meaning: 'the service is closing' },
} as const satisfies Record<string, { readonly status: number; readonly meaning: string }>

/** A stable name of what went wrong with a request. */
export type ProblemCode = keyof typeof problemCodes

export const problemCodeNames = Object.keys(problemCodes) as readonly ProblemCode[]
