import type { Tap } from '@caching-patterns/local-servers'
import type { MomentListener } from './moments.ts'

/** Tells when a load, or the commit of a write, was answered on one connection. */
export function postgresTap(listener: MomentListener): Tap {
  const requests = new Frames({ hasStartup: true })
  const replies = new Frames({ hasStartup: false })
  const prepared = new Map<string, string>()
  let running = ''
  let hasWritten = false
  return {
    request(chunk) {
      for (const { type, body } of requests.add(chunk)) {
        if (type === 'P') prepared.set(textAt(body, 0), textAt(body, 1))
        if (type === 'B') running = prepared.get(textAt(body, 1)) ?? ''
        if (type === 'Q') running = textAt(body, 0)
      }
    },
    reply(chunk) {
      let verdict: 'pass' | 'cut' = 'pass'
      for (const { type, body } of replies.add(chunk)) {
        if (type === 'E') running = ''
        // Ready for the next query: a transaction that was not left open is durable now.
        if (type !== 'Z') continue
        const isIdle = body.toString('latin1') === 'I'
        const isWrite = /\b(?:update|delete from|insert into)\s+\S*\busers\b/i.test(running)
        hasWritten = (hasWritten || isWrite) && running !== ''
        const isLoad = !hasWritten && /^\s*select\b[\s\S]*\busers\b/i.test(running)
        if (isIdle && hasWritten && listener('commit-answered') === 'cut') verdict = 'cut'
        if (isLoad && listener('load-answered') === 'cut') verdict = 'cut'
        if (isIdle) hasWritten = false
        running = ''
      }
      return verdict
    },
  }
}

/** Messages of the protocol, version 3: a letter, a length, a body. The first of a client has no letter. */
class Frames {
  #rest: Buffer = Buffer.alloc(0)
  #hasStartup: boolean

  constructor({ hasStartup }: { readonly hasStartup: boolean }) {
    this.#hasStartup = hasStartup
  }

  *add(chunk: Buffer): Generator<{ readonly type: string; readonly body: Buffer }> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (;;) {
      const head = this.#hasStartup ? 0 : 1
      if (this.#rest.length < head + 4) return
      const end = head + this.#rest.readUInt32BE(head)
      if (this.#rest.length < end) return
      const type = head === 0 ? '' : String.fromCharCode(this.#rest[0] as number)
      const body = this.#rest.subarray(head + 4, end)
      this.#rest = this.#rest.subarray(end)
      this.#hasStartup = false
      yield { type, body }
    }
  }
}

/** The text of this number in a row of texts that end with a zero. */
function textAt(body: Buffer, number: number): string {
  let from = 0
  for (let skipped = 0; skipped < number; skipped += 1) from = body.indexOf(0, from) + 1
  return body.toString('utf8', from, body.indexOf(0, from))
}
