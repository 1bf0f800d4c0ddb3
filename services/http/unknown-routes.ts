import type { FastifyInstance } from 'fastify'
import { type Problem, ProblemError, sendProblem } from './problem.ts'

/**
 * Answers what no route takes: 405 with `Allow` where the path is known, 404 elsewhere, before any
 * body is read. To be called before the routes are added: it learns them as they are.
 */
export function answerUnknownRoutes(app: FastifyInstance): void {
  const known = new Map<string, { readonly path: RegExp; readonly methods: Set<string> }>()

  app.addHook('onRoute', ({ url, method }) => {
    const route = known.get(url) ?? { path: pathOf(url), methods: new Set() }
    for (const name of [method].flat()) route.methods.add(name)
    known.set(url, route)
  })

  app.addHook('onRequest', (request, _reply, done) => {
    if (request.is404) done(new ProblemError(problem(request.raw.url ?? '', request.method)))
    // Node would refuse it with an empty answer; see `requireHostHeader` in app.ts.
    else if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
      const detail = 'Host: expected this header, received none'
      done(new ProblemError({ code: 'BAD_REQUEST', detail }))
    } else done()
  })

  // A file of the documentation that does not exist gets here without the hook.
  app.setNotFoundHandler((request, reply) => {
    sendProblem(reply, problem(request.raw.url ?? '', request.method))
  })

  function problem(url: string, method: string): Problem {
    const path = url.split(/[?#]/, 1)[0] ?? ''
    const methods = [...known.values()].find((route) => route.path.test(path))?.methods
    if (methods === undefined || methods.has(method)) {
      return { code: 'NOT_FOUND', detail: 'there is no such route' }
    }
    const allow = [...methods].join(', ')
    const detail = `method: expected one of ${allow}, received ${method}`
    return { code: 'METHOD_NOT_ALLOWED', detail, headers: { allow } }
  }
}

function pathOf(url: string): RegExp {
  const pattern = url
    .replace(/[.]/g, '\\.')
    .replace(/:[a-z_]+/g, '[^/]+')
    .replace(/\*$/, '.*')
  return new RegExp(`^${pattern}$`)
}
