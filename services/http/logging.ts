import type { FastifyServerOptions } from 'fastify'
import { codeOf } from './failure.ts'

/** Where the log goes and from which level on. */
export interface LogOptions {
  readonly level?: string | undefined
  readonly stream?: { write(line: string): void } | undefined
}

/**
 * A logger that cannot tell a name or an email: of a request it keeps method and route, of an error
 * class, code and the places in the code. Messages are dropped, since a database's quote the row.
 */
export function loggerOptions({ level = 'info', stream }: LogOptions): FastifyServerOptions {
  const options = {
    level,
    ...(stream === undefined ? {} : { stream }),
    serializers: {
      req: (request: { method?: string; routeOptions?: { url?: string | undefined } }) => ({
        method: request.method ?? '',
        route: request.routeOptions?.url,
      }),
      res: ({ statusCode }: { statusCode?: number }) => ({ statusCode: statusCode ?? 0 }),
      err: (error: unknown) => traceOf(error),
    },
    hooks: {
      // Without a message of its own a line would get the error's.
      logMethod(this: unknown, args: unknown[], method: (...args: unknown[]) => void) {
        const [first, message] = args
        const error = first instanceof Error ? first : (first as { err?: unknown } | null)?.err
        if (!(error instanceof Error)) return method.apply(this, args)
        method.apply(this, [first, isApart(message, error.message) ? message : 'error'])
      },
    },
  }
  return { logger: options as NonNullable<FastifyServerOptions['logger']> }
}

/** Whether a line says something of its own, and not what the error says. */
function isApart(line: unknown, words: string): boolean {
  return (
    typeof line === 'string' && !words.includes(line) && (words === '' || !line.includes(words))
  )
}

/** An error without anything that its thrower put into words. */
function traceOf(error: unknown): {
  type: string
  message: string
  stack: string
  cause?: unknown
} {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' }
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []
  return {
    type: error.constructor.name,
    message: codeOf(error) ?? '',
    stack: frames.join('\n'),
    ...(error.cause === undefined ? {} : { cause: traceOf(error.cause) }),
  }
}
