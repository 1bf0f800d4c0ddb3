/** The least that serves a cached user over HTTP: one route, one GET. */
import { connectedClient } from '../redis-client.ts'
import { minimalFastify } from './minimal-fastify.ts'

const { REDIS_URL = '' } = process.env
const client = await connectedClient(REDIS_URL)
const app = minimalFastify()
app.get<{ Params: { user_id: string } }>('/users/:user_id', async (request, reply) => {
  const text = await client.get(`bare:/users/${request.params.user_id}`)
  if (text === null) return reply.code(404).send()
  return reply.header('content-type', 'application/json; charset=utf-8').send(text)
})
process.on('SIGTERM', () => {
  void app.close().then(() => client.close())
})
console.log(`bare ${await app.listen({ host: '127.0.0.1', port: 0 })} `)
