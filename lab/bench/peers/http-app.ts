/** The least that serves rows over HTTP from behind a library: as text where it has the text, else as a value that Fastify writes. */
import { minimalFastify } from '../http/minimal-fastify.ts'
import { openAccess } from './open-access.ts'
import { rowOf } from './row-of.ts'

const { REDIS_PORT = '', PEER = '', FORM = '' } = process.env
let loads = 0
const load = async (key: string) => {
  loads += 1
  return rowOf(key)
}
const { value, text, warm } = await openAccess({
  ...{ peer: PEER, form: FORM, load },
  redisPort: Number(REDIS_PORT),
})
const app = minimalFastify()
interface ForKey {
  readonly Params: { readonly key: string }
}
if (text === undefined) {
  app.get<ForKey>('/rows/:key', async (request) => value.read(await value.call(request.params.key)))
} else {
  app.get<ForKey>('/rows/:key', async (request, reply) => {
    const json = text.read(await text.call(request.params.key))
    return reply.header('content-type', 'application/json; charset=utf-8').send(json)
  })
}
app.put<ForKey>('/rows/:key', async (request, reply) => {
  await warm(request.params.key)
  return reply.code(204).send()
})
app.get('/loads', async () => ({ loads }))
process.on('SIGTERM', () => process.exit())
console.log(`app ${await app.listen({ host: '127.0.0.1', port: 0 })} `)
