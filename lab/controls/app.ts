import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  fastify,
  LogController,
} from 'fastify'
import type { Control, ControlName, ControlRead, ControlUser, UserDraft } from './control.ts'
import { controlFigures } from './figures.ts'
import { userDraftSchema } from './user-schema.ts'

export interface ControlAppOptions {
  readonly logLevel: string
  /** Sent to the database so far. */
  readonly statements: () => number
}

interface OneUser {
  Params: { user_id: string }
}

const jsonType = 'application/json; charset=utf-8'
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The HTTP face that the services have, as far as the lab uses it: server, body schema, checks of ids and headers are
 * theirs, so that a control is not faster for checking less.
 */
export function controlApp(
  name: ControlName,
  control: Control,
  { logLevel, statements }: ControlAppOptions,
): FastifyInstance {
  const app = createServer(logLevel)
  const figures = controlFigures()
  addReading(app, name, async (id) => figures.read(await control.read(id)))
  addWriting(app, control, figures.wrote)
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async () => ({ status: 'ok', reasons: [] }))
  app.get('/stats', async () => ({
    pattern: name,
    ...figures.current(),
    database: { statements: statements() },
    queue: (await control.queue?.()) ?? null,
  }))
  app.post('/admin/cache/clear', async (_request, reply) => {
    await control.clear()
    return reply.code(204).send()
  })
  return app
}

function createServer(logLevel: string): FastifyInstance {
  const strict = { allErrors: true, coerceTypes: false, removeAdditional: false } as const
  const app = fastify({
    logger: { level: logLevel },
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger,
    bodyLimit: 16 * 1024,
    ajv: { customOptions: { ...strict, useDefaults: false } },
    return503OnClosing: false,
    http: { requireHostHeader: false },
    requestTimeout: 60_000,
  })
  app.setSerializerCompiler(() => JSON.stringify)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, body: Buffer) =>
      body.length === 0 ? undefined : JSON.parse(utf8.decode(body)),
  )
  app.setErrorHandler<Partial<FastifyError>>((error, _request, reply) => {
    const status = error.code === uniqueViolation ? 409 : (error.statusCode ?? 500)
    return reply.code(status).send({ status, code: error.code ?? 'INTERNAL_ERROR' })
  })
  return app
}

const uniqueViolation = '23505'

function addReading(
  app: FastifyInstance,
  name: ControlName,
  read: (id: number) => Promise<ControlRead>,
): void {
  app.get<OneUser>('/users/:user_id', async (request, reply) => {
    const id = idOf(request.params.user_id)
    if (id === undefined) return noSuchId(reply)
    const startedAt = performance.now()
    const { user, from } = await read(id)
    reply.header('cache-status', `"${name}"; ${said[from]}`)
    reply.header(
      'server-timing',
      `total;dur=${Math.round((performance.now() - startedAt) * 100) / 100}`,
    )
    if (user === undefined) return noUser(reply)
    const tag = `"${user.version}"`
    reply.header('etag', tag)
    if (request.headers['if-none-match'] === tag) return reply.code(304).send()
    return reply.header('content-type', jsonType).send(shown(user))
  })
}

const said: Readonly<Record<ControlRead['from'], string>> = {
  hit: 'hit',
  miss: 'fwd=miss',
  stored: 'fwd=miss; stored',
  bypass: 'fwd=bypass',
}

function addWriting(app: FastifyInstance, control: Control, wrote: () => void): void {
  const schema = { body: userDraftSchema }
  const done = (reply: FastifyReply) => {
    wrote()
    return reply.header('write-status', control.writeStatus)
  }
  const send = (reply: FastifyReply, user: ControlUser) =>
    done(reply)
      .header('content-type', jsonType)
      .header('etag', `"${user.version}"`)
      .send(shown(user))

  app.post<{ Body: UserDraft }>('/users', { schema }, async ({ body }, reply) => {
    const user = await control.create(body)
    return send(reply.code(201).header('location', `/users/${user.id}`), user)
  })
  app.put<OneUser & { Body: UserDraft }>('/users/:user_id', { schema }, async (request, reply) => {
    const id = idOf(request.params.user_id)
    if (id === undefined) return noSuchId(reply)
    const user = await control.update(id, request.body)
    return user === undefined ? noUser(reply) : send(reply, user)
  })
  app.delete<OneUser>('/users/:user_id', async (request, reply) => {
    const id = idOf(request.params.user_id)
    if (id === undefined) return noSuchId(reply)
    return (await control.remove(id)) ? done(reply).code(204).send() : noUser(reply)
  })
}

function shown({ version: _, ...user }: ControlUser): Omit<ControlUser, 'version'> {
  return user
}

function idOf(text: string): number | undefined {
  const id = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(id) ? id : undefined
}

function noSuchId(reply: FastifyReply): FastifyReply {
  return reply.code(400).send({ status: 400, code: 'INVALID_ID' })
}

function noUser(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ status: 404, code: 'USER_NOT_FOUND' })
}
