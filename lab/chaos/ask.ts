import { setTimeout as delay } from 'node:timers/promises'
import type { Incoming, Outgoing } from '../soak/exchange.ts'
import type { Attempt, Log } from './log.ts'
import type { Member } from './member.ts'

/** One request, and its answer if there was one. */
export interface Asked {
  readonly sent: Attempt
  readonly answer: Incoming | undefined
}

/** Whoever is refused a connection does not ask again at once. */
const pauseMs = 20

/** Sends one request to a process, and counts how it was answered. The key is the caller's to add. */
export async function askMember(member: Member, log: Log, outgoing: Outgoing): Promise<Asked> {
  const startedAt = performance.now()
  const count = (what: string | number) => {
    const name = `${outgoing.method} ${what}`
    log.statuses[name] = (log.statuses[name] ?? 0) + 1
  }
  try {
    const answer = await member.exchange.send(outgoing)
    count(answer.status)
    return { sent: { key: '', by: member.name, startedAt, endedAt: performance.now() }, answer }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    count(code ?? message)
    const sent = { key: '', by: member.name, startedAt, endedAt: performance.now() }
    await delay(pauseMs)
    // Nothing was sent to whoever does not listen.
    return {
      sent: { ...sent, ...(code === 'ECONNREFUSED' && { wasRefused: true }) },
      answer: undefined,
    }
  }
}
