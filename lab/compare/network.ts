import { type FaultProxy, startFaultProxy } from '@caching-patterns/local-servers'
import type { SubjectTerms } from './stage.ts'

/** How a process reaches its servers. */
export interface Network {
  readonly redisUrl: string
  readonly databaseUrl: string
  close(): Promise<void>
}

const far = { kind: 'latency', ms: 0, jitterMs: 5 } as const

/** Straight, or through a proxy for each server, which holds each chunk for up to 5 ms, each way. */
export async function openNetwork(
  network: SubjectTerms['network'],
  { redisUrl, databaseUrl }: Pick<Network, 'redisUrl' | 'databaseUrl'>,
): Promise<Network> {
  if (network === 'near') return { redisUrl, databaseUrl, close: async () => undefined }
  const proxies: FaultProxy[] = []
  const through = async (text: string) => {
    const url = new URL(text)
    const proxy = await startFaultProxy({ port: Number(url.port) })
    proxies.push(proxy)
    await proxy.set(far)
    url.port = String(proxy.port)
    return url.href
  }
  const close = async () => {
    await Promise.all(proxies.map((proxy) => proxy.stop()))
  }
  try {
    return { redisUrl: await through(redisUrl), databaseUrl: await through(databaseUrl), close }
  } catch (error) {
    await close()
    throw error
  }
}
