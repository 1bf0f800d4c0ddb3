import { setTimeout as delay } from 'node:timers/promises'
import { Client } from './client.ts'
import type { Endpoint } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import { Findings } from './findings.ts'
import { Ledger } from './ledger.ts'
import { patterns, type Traits } from './patterns.ts'
import { zipfPopularity } from './popularity.ts'
import { seededRandom } from './random.ts'
import { methods } from './tally.ts'

export interface FlapTrafficOptions {
  readonly pattern: string
  readonly endpoint: Endpoint
  /** Where those go that no outage explains. */
  readonly findings: Findings
  readonly clients: number
  readonly users: number
  readonly seed: number
}

/** Whoever asks waits so long between requests: this is about what outages leave behind, not about load. */
const pauseMs = 40
/** What a service may answer while servers come and go: any refusal, and never a mistake of its own. */
const allowed = new Set(['200', '201', '204', '304', '404', '409', '412', '429', '503'])

/**
 * Clients of one service whose servers come and go. That it refuses is no finding here; what it acknowledges, and what
 * it shows without a label, counts as ever.
 */
export class FlapTraffic {
  readonly ledger: Ledger
  readonly #options: FlapTrafficOptions

  constructor(options: FlapTrafficOptions) {
    this.#options = options
    const run = `${options.pattern}${Date.now().toString(36)}`
    // By confirmed writes alone: where a mark is lost, write-through promises no more either.
    this.ledger = new Ledger({ run, users: options.users, isMonotonic: false })
  }

  async run(isOver: () => boolean): Promise<void> {
    const { pattern, endpoint, clients, users, seed } = this.#options
    const endpoints = [{ ...endpoint, exchange: paced(endpoint.exchange) }]
    const seen = new Findings()
    const books = { ledger: this.ledger, findings: seen, check: 'consistency' } as const
    const popularity = zipfPopularity(users, clients, seed)
    const traits = patterns[pattern] as Traits
    await Promise.all(
      Array.from({ length: clients }, (_, index) => {
        const random = seededRandom(seed, index)
        return new Client({ index, endpoints, books, popularity, random, ...traits }).run(isOver)
      }),
    )
    this.#judge(seen)
  }

  #judge(seen: Findings): void {
    const { endpoint, findings } = this.#options
    const old = seen.all.find(({ check }) => check === 'consistency')
    for (const { text, times } of old?.examples ?? []) {
      findings.add('consistency', `${times} times: ${text}`)
    }
    for (const method of methods) {
      for (const [status, times] of Object.entries(endpoint.tally.statuses[method])) {
        if (!allowed.has(status)) findings.add('answers', `${times} times ${method}: ${status}`)
      }
    }
  }
}

function paced({ send, close }: Exchange): Exchange {
  return {
    send: async (outgoing) => {
      await delay(pauseMs)
      return send(outgoing)
    },
    close,
  }
}
