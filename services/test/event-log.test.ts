import type { CacheEvent } from 'caching-patterns'
import { fastify } from 'fastify'
import { describe, expect, test } from 'vitest'
import { eventLog } from '../event-log.ts'
import { loggerOptions } from '../http/logging.ts'

function linesOf(level: string, events: readonly CacheEvent[]): Record<string, unknown>[] {
  const lines: string[] = []
  const app = fastify(loggerOptions({ level, stream: { write: (line) => lines.push(line) } }))
  for (const event of events) eventLog(app.log)(event)
  return lines.map((line) => JSON.parse(line))
}

const at = { cache: 'users', key: 'write-behind:users:1:7' }
const refused = Object.assign(new Error('Key (email)=(ada@example.com) exists'), {
  code: '23505',
  detail: 'Key (email)=(ada@example.com) exists',
})

describe('eventLog', () => {
  test('warns of troubles with what is known of them', () => {
    const lines = linesOf('info', [
      { type: 'dead-letter', ...at, version: 3, sqlstate: '23505' },
      { type: 'flush-failure', cache: 'users', rows: 4, sqlstate: '40001', error: refused },
    ])
    expect(lines).toMatchObject([
      { level: 40, msg: 'dead-letter', key: at.key, version: 3, sqlstate: '23505' },
      { level: 40, msg: 'flush-failure', rows: 4, err: { message: '23505' } },
    ])
  })

  test('says how grave it is what happens to accepted writes', () => {
    const lines = linesOf('info', [
      { type: 'journal-lost', cache: 'users', rows: 2 },
      { type: 'flush-breaker', cache: 'users', state: 'open' },
      { type: 'fenced', cache: 'users', rows: 1 },
      { type: 'restamp', ...at, version: 3 },
      { type: 'dead-letter-retried', ...at, version: 3 },
      { type: 'dead-letter-discarded', ...at, version: 3 },
    ])
    expect(lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      '50 journal-lost',
      '40 flush-breaker',
      '40 fenced',
      '40 restamp',
      '30 dead-letter-retried',
      '30 dead-letter-discarded',
    ])
  })

  test('is silent at info about what is normal, and tells all at trace', () => {
    const events: CacheEvent[] = [
      { type: 'load', ...at, durationMs: 1, outcome: 'value' },
      { type: 'flush', cache: 'users', rows: 4, durationMs: 1 },
    ]
    expect(linesOf('info', events)).toEqual([])
    expect(linesOf('trace', events).map(({ msg }) => msg)).toEqual(['load', 'flush'])
  })

  test('drops the words of an error, which may quote a row', () => {
    const event: CacheEvent = { type: 'write-failure', ...at, error: refused }
    expect(JSON.stringify(linesOf('trace', [event]))).not.toContain('ada@')
  })
})
