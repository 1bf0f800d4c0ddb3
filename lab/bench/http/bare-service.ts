/** The least that serves a cached user over HTTP: one route, one GET. Server and logger are set as those of the services. */
import { fastify, LogController } from 'fastify'
import { connectedClient } from '../redis-client.ts'

const { REDIS_URL = '', LOG_LEVEL = '' } = process.env
const client = await connectedClient(REDIS_URL)
const app = fastify({
  logger: { level: LOG_LEVEL },
  logController: new LogController({ disableRequestLogging: true }),
  childLoggerFactory: (logger) => logger,
  return503OnClosing: false,
  http: { requireHostHeader: false },
  requestTimeout: 60_000,
})
app.get<{ Params: { user_id: string } }>('/users/:user_id', async (request, reply) => {
  const text = await client.get(`bare:/users/${request.params.user_id}`)
  if (text === null) return reply.code(404).send()
  return reply.header('content-type', 'application/json; charset=utf-8').send(text)
})
process.on('SIGTERM', () => {
  app.close().then(() => client.close())
})
console.log(`bare ${await app.listen({ host: '127.0.0.1', port: 0 })} `)
