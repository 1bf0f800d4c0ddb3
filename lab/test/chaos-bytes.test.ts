import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Moment } from '../chaos/moments.ts'
import { postgresTap } from '../chaos/postgres-tap.ts'
import { readOf, writeOf } from '../chaos/record.ts'
import { redisTap, type ScriptHashes } from '../chaos/redis-tap.ts'
import type { Incoming } from '../soak/exchange.ts'

/** Bytes one by one: chunks end anywhere. */
function* single(text: string): Generator<Buffer> {
  for (const byte of Buffer.from(text, 'latin1')) yield Buffer.of(byte)
}

function command(...parts: readonly string[]): string {
  return `*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`
}

const begin = 'local joined = ...; table.insert(joined, mark)'
const beginSha = createHash('sha1').update(begin).digest('hex')

describe('the tap of Redis', () => {
  function tapped(hashes: ScriptHashes = new Map(), verdict: 'pass' | 'cut' = 'pass') {
    const moments: Moment[] = []
    const tap = redisTap(hashes, (moment) => {
      moments.push(moment)
      return verdict
    })
    const request = (text: string) => {
      for (const chunk of single(text)) tap.request(chunk)
    }
    const reply = (text: string) => [...single(text)].map((chunk) => tap.reply(chunk)).at(-1)
    return { moments, request, reply }
  }

  test('tells of a script by its text, and from then on by its hash, on each connection', () => {
    const hashes: ScriptHashes = new Map()
    const first = tapped(hashes)
    first.request(command('EVALSHA', beginSha, '1', 'k'))
    first.reply('-NOSCRIPT No matching script.\r\n')
    first.request(command('EVAL', begin, '1', 'k'))
    expect(first.moments).toEqual([])
    first.reply(':1\r\n')
    expect(first.moments).toEqual(['begin-answered'])
    const second = tapped(hashes)
    second.request(command('EVALSHA', beginSha, '1', 'k'))
    second.reply(':1\r\n')
    expect(second.moments).toEqual(['begin-answered'])
  })

  test('knows which of several requests is answered, past nested replies and pushes', () => {
    const { moments, request, reply } = tapped(new Map([[beginSha, 'begin-answered']]))
    request(command('HELLO', '3') + command('GET', 'a') + command('EVALSHA', beginSha, '0'))
    request(command('DEL', 'a'))
    reply('%2\r\n+server\r\n*2\r\n:1\r\n_\r\n$3\r\nabc\r\n$-1\r\n')
    reply('>2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n')
    reply('$-1\r\n')
    expect(moments).toEqual([])
    reply(':1\r\n')
    expect(moments).toEqual(['begin-answered'])
    reply(':1\r\n')
    expect(moments).toEqual(['begin-answered', 'del-answered'])
  })

  test('tells nothing of a script that was not run', () => {
    const { moments, request, reply } = tapped(new Map([[beginSha, 'begin-answered']]))
    request(command('EVALSHA', beginSha, '0'))
    reply('-NOSCRIPT No matching script.\r\n')
    expect(moments).toEqual([])
  })

  test('tells of a write that a journal has accepted, and of a batch that is in hand', () => {
    const { moments, request, reply } = tapped()
    request(command('EVAL', "redis.call('ZADD', KEYS[2], 'NX', 1, 'k')", '1', 'k'))
    request(command('MGET', 'a', 'b'))
    reply('+A001\r\n')
    expect(moments).toEqual(['enqueue-answered'])
    reply('*2\r\n$1\r\nx\r\n_\r\n')
    expect(moments).toEqual(['enqueue-answered', 'batch-answered'])
  })

  test('tells of what the control does: a value, a push, a batch unless there was none', () => {
    const { moments, request, reply } = tapped()
    request(command('SET', 'a', '1') + command('RPUSH', 'q', '1'))
    request(command('LPOP', 'q', '100') + command('LPOP', 'q', '100'))
    reply('+OK\r\n:1\r\n_\r\n')
    expect(moments).toEqual(['set-answered', 'enqueue-answered'])
    reply('*1\r\n$1\r\n1\r\n')
    expect(moments.at(-1)).toBe('batch-answered')
  })

  test('cuts where it is told to', () => {
    const { request, reply } = tapped(new Map([[beginSha, 'begin-answered']]), 'cut')
    request(command('GET', 'a') + command('EVALSHA', beginSha, '0'))
    expect(reply('$-1\r\n')).toBe('pass')
    expect(reply(':1\r\n')).toBe('cut')
  })
})

describe('the tap of PostgreSQL', () => {
  const frame = (type: string, body: string) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(4 + body.length)
    return `${type}${length.toString('latin1')}${body}`
  }
  const parse = (name: string, text: string) => frame('P', `${name}\0${text}\0\0\0`)
  const bind = (name: string) => frame('B', `\0${name}\0\0\0`)
  const update = 'with held as (select 1) update "s"."users" as t set a = 1'

  function session() {
    const moments: Moment[] = []
    const tap = postgresTap((moment) => {
      moments.push(moment)
      return 'cut'
    })
    const feed = (text: string) => {
      for (const chunk of single(text)) tap.request(chunk)
    }
    feed(frame('', '\0\x03\0\0user\0postgres\0\0'))
    const ready = (state: 'I' | 'T' | 'E') =>
      [...single(frame('C', 'SELECT 1\0') + frame('Z', state))]
        .map((chunk) => tap.reply(chunk))
        .at(-1)
    const fail = () => {
      for (const chunk of single(frame('E', 'SERROR\0\0'))) tap.reply(chunk)
    }
    return { moments, feed, ready, fail }
  }

  test('tells of a load, and of a write that commits by itself, prepared before or not', () => {
    const { moments, feed, ready } = session()
    expect(ready('I')).toBe('pass')
    feed(parse('load', 'select t.a from "s"."users" as t') + bind('load') + frame('S', ''))
    expect(ready('I')).toBe('cut')
    feed(parse('write', update) + bind('write') + frame('S', ''))
    expect(ready('I')).toBe('cut')
    feed(bind('write') + frame('S', ''))
    ready('I')
    feed(bind('load') + frame('S', ''))
    ready('I')
    const both = ['commit-answered', 'commit-answered']
    expect(moments).toEqual(['load-answered', ...both, 'load-answered'])
  })

  test('tells of a transaction when it is committed, not of its statements', () => {
    const { moments, feed, ready } = session()
    feed(frame('Q', 'begin\0'))
    ready('T')
    feed(parse('write', 'insert into s.users values (1)') + bind('write') + frame('S', ''))
    ready('T')
    expect(moments).toEqual([])
    feed(frame('Q', 'commit\0'))
    ready('I')
    expect(moments).toEqual(['commit-answered'])
  })

  test('tells nothing of what failed, and of other tables', () => {
    const { moments, feed, ready, fail } = session()
    feed(frame('Q', `${update}\0`))
    fail()
    ready('I')
    feed(frame('Q', 'delete from s.cache_outbox\0'))
    ready('I')
    feed(frame('Q', 'select 1\0'))
    ready('I')
    expect(moments).toEqual([])
  })
})

describe('a recorded answer', () => {
  const sent = { key: '7', by: 'one', startedAt: 1, endedAt: 2 }
  const answer = (status: number, headers: Incoming['headers'] = {}, body = ''): Incoming => {
    return { status, headers, body }
  }
  const problem = (code: string) => answer(503, {}, JSON.stringify({ code }))

  test('of a read has version, value and label, or is an absence, or says nothing', () => {
    const headers = { etag: '"12"', 'cache-status': '"x"; hit; ttl=3' }
    const body = '{"id":7,"name":"a"}'
    const seen = readOf(sent, answer(200, headers, body))
    expect(seen).toMatchObject({ kind: 'read', version: 12, value: 'a', isStale: false })
    const labels = ['"x"; hit; ttl=-2', '"x"; fwd=bypass; detail=stale']
    for (const label of labels) {
      expect(readOf(sent, answer(200, { ...headers, 'cache-status': label }, body))?.isStale).toBe(
        true,
      )
    }
    expect(readOf(sent, answer(404))).toMatchObject({ version: null })
    expect(readOf(sent, answer(503))).toBeUndefined()
    expect(readOf(sent, answer(200, {}, body))?.version).toBe(-1)
  })

  test('of a write is confirmed, unconfirmed, unknown, or nothing was written', () => {
    const outcome = (told: Incoming | undefined) => writeOf(sent, 'a', told)?.outcome
    const tagged = { etag: '"12"' }
    expect(writeOf(sent, 'a', answer(200, tagged))).toMatchObject({ version: 12, value: 'a' })
    expect(outcome(answer(200, { ...tagged, 'write-status': 'confirmed' }))).toBe('confirmed')
    expect(outcome(answer(200, { ...tagged, 'write-status': 'unconfirmed' }))).toBe('unconfirmed')
    expect(outcome(problem('WRITE_OUTCOME_UNKNOWN'))).toBe('unknown')
    expect(outcome(answer(500))).toBe('unknown')
    expect(writeOf(sent, 'a', undefined)).toMatchObject({
      outcome: 'unknown',
      endedAt: Number.POSITIVE_INFINITY,
    })
    for (const told of [problem('STORE_UNAVAILABLE'), answer(404), answer(412)]) {
      expect(outcome(told)).toBeUndefined()
    }
  })

  test('of a delete has the last version of all, known or not', () => {
    for (const told of [answer(204), undefined]) {
      const { version, value } = writeOf(sent, null, told) ?? {}
      expect([version, value]).toEqual([Number.MAX_SAFE_INTEGER, null])
    }
  })
})
