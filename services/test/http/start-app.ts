import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { type AppOptions, buildApp } from '../../http/app.ts'
import { type FakeParts, fakeParts } from './fake-users.ts'

/** The HTTP layer alone on a port of its own, over scripted users; closed when the test has finished. */
export async function startApp(
  options: Partial<AppOptions> = {},
  parts: FakeParts = fakeParts(),
): Promise<{ url: string; app: FastifyInstance; parts: FakeParts }> {
  const app = await buildApp(parts, { admin: { isLoopback: true }, ...options })
  onTestFinished(() => app.close())
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), app, parts }
}

export const draft = { name: 'Ada', email: 'ada@example.com' }
