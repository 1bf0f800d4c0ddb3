import { outcomeOf } from '../replay/cache-status.ts'
import { failureName } from '../replay/service.ts'
import type { Operation } from '../workloads/operation.ts'
import type { Exchange } from './load-plan.ts'
import { requestMaker } from './load-request.ts'
import { type Answer, type Sent, Target } from './target.ts'

export interface SenderOptions {
  readonly urls: readonly string[]
  readonly deadlineMs: number
  readonly onExchange: (exchange: Exchange) => void
}

/** Sends operations, to one address after the other, and tells what came of each. Nothing waits beyond the deadline. */
export class Sender {
  readonly #options: SenderOptions
  readonly #targets: readonly Target[]
  readonly #requestOf = requestMaker()
  /** In the order in which they were due. */
  readonly #underWay = new Set<{ readonly dueAt: number; readonly sent: Sent }>()
  readonly #watch: NodeJS.Timeout
  #turn = 0

  constructor(options: SenderOptions) {
    this.#options = options
    this.#targets = options.urls.map((url) => new Target(url))
    this.#watch = setInterval(() => this.#endOverdue(), Math.min(50, options.deadlineMs / 4))
  }

  /** Answers when it has ended, whatever came of it. `onEnd`: after whoever wants to know of every exchange. */
  send(operation: Operation, dueAt: number, onEnd: (exchange: Exchange) => void): void {
    const { deadlineMs, onExchange } = this.#options
    const target = this.#targets[this.#turn++ % this.#targets.length] as Target
    const request = this.#requestOf(operation)
    const end = (answer: Answer | Error, sent: number | undefined) => {
      const endedAt = performance.now()
      const sentAt = sent ?? endedAt
      this.#underWay.delete(flight)
      const isLate = endedAt - dueAt > deadlineMs
      const said = isLate ? noAnswer('TIMEOUT') : whatItSays(answer, operation)
      const { url } = target
      const exchange = { operation, name: request.name, url, dueAt, sentAt, endedAt, ...said }
      onExchange(exchange)
      onEnd(exchange)
    }
    const flight = { dueAt, sent: target.send(request, end) }
    this.#underWay.add(flight)
  }

  async close(): Promise<void> {
    clearInterval(this.#watch)
    await Promise.all(this.#targets.map((target) => target.close()))
  }

  #endOverdue(): void {
    const now = performance.now()
    for (const { dueAt, sent } of this.#underWay) {
      if (now - dueAt <= this.#options.deadlineMs) return
      sent.abort(new Error('TIMEOUT'))
    }
  }
}

type Said = Omit<Exchange, 'operation' | 'name' | 'url' | 'dueAt' | 'sentAt' | 'endedAt'>

function noAnswer(error: string): Said {
  return {
    id: undefined,
    status: 0,
    error,
    outcome: undefined,
    version: undefined,
    writeStatus: undefined,
  }
}

function whatItSays(answer: Answer | Error, { kind, key }: Operation): Said {
  if (answer instanceof Error) return noAnswer(nameOf(answer))
  const { status, headers } = answer
  const header = (name: string) => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  const isFine = (status >= 200 && status <= 299) || status === 304 || status === 404
  return {
    id: kind === 'post' ? numberIn(/^\/users\/([0-9]+)$/, header('location')) : key,
    status,
    error: isFine ? undefined : String(status),
    outcome: kind === 'get' ? outcomeOf(header('cache-status'), status) : undefined,
    ...(/detail=stale|ttl=-/.test(header('cache-status') ?? '') ? { isLabelledStale: true } : {}),
    version: numberIn(/^(?:W\/)?"([0-9]+)"$/, header('etag')),
    writeStatus: kind === 'get' ? undefined : header('write-status'),
  }
}

function numberIn(pattern: RegExp, text: string | undefined): number | undefined {
  const found = pattern.exec(text ?? '')?.[1]
  return found === undefined ? undefined : Number(found)
}

/** Undici's own name for a connection that was closed is nobody else's. */
function nameOf(failure: Error): string {
  const name = failureName(failure)
  return name === 'UND_ERR_SOCKET' ? 'ECONNRESET' : name
}
