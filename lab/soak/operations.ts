import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../replay/failure.ts'
import type { Exchange } from './exchange.ts'
import type { Figures } from './figures.ts'
import { type MemorySample, metricOf } from './memory.ts'

/** What a service says of itself, and is told to do. Rejects with a `Failure` when it does not answer. */
export interface Operations {
  figures(): Promise<Figures>
  memory(): Promise<MemorySample>
  /** Warnings about settings of a server. Rejects unless it is ready, and nothing is degraded. */
  ready(): Promise<readonly string[]>
  clearCache(): Promise<void>
}

export function operations(exchange: Exchange, url: string, adminToken: string): Operations {
  const get = async (path: string) => {
    const answer = await exchange.send({ method: 'GET', path }).catch((error: Error) => {
      throw new Failure(`${url}${path} does not answer: ${error.message}`)
    })
    if (answer.status === 200) return answer.body
    throw new Failure(`${url}${path} answers ${answer.status}: ${answer.body.slice(0, 300)}`)
  }
  return {
    figures: async () => JSON.parse(await get('/stats')) as Figures,
    async memory() {
      const text = await get('/metrics')
      return {
        rssBytes: metricOf(text, 'process_resident_memory_bytes'),
        heapBytes: metricOf(text, 'nodejs_heap_size_used_bytes'),
      }
    },
    async ready() {
      const { status, reasons, warnings = [] } = JSON.parse(await get('/readyz'))
      if (status === 'ok') return warnings
      throw new Failure(`${url}/readyz: expected "ok", received ${status}: ${reasons}`)
    },
    async clearCache() {
      const headers = { authorization: `Bearer ${adminToken}` }
      const path = '/admin/cache/clear'
      const { status, body } = await exchange.send({ method: 'POST', path, headers })
      if (status !== 204) throw new Failure(`${url}${path} answers ${status}: ${body}`)
    },
  }
}

const pollMs = 50

/** Resolves when no process knows of a write that is not in the database; answers what is left after `withinMs`. */
export async function drained(processes: readonly Operations[], withinMs: number): Promise<number> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    const figures = await Promise.all(processes.map((each) => each.figures()))
    const dirty = Math.max(...figures.map(({ journal }) => journal?.dirty ?? 0))
    if (dirty === 0 || performance.now() > giveUpAt) return dirty
    await delay(pollMs)
  }
}
