import type { CacheEvent } from 'caching-patterns'
import { describe, expect, test } from 'vitest'
import { eventHub } from '../event-hub.ts'

const event: CacheEvent = { type: 'clear', cache: 'users' }

describe('eventHub', () => {
  test('passes an event to every listener until it unsubscribes', () => {
    const hub = eventHub()
    const seen: string[] = []
    const stop = hub.subscribe(() => seen.push('first'))
    hub.subscribe(() => seen.push('second'))
    hub.emit(event)
    stop()
    stop()
    hub.emit(event)
    expect(seen).toEqual(['first', 'second', 'second'])
  })

  test('keeps two subscriptions of one function apart', () => {
    const hub = eventHub()
    let calls = 0
    const count = () => {
      calls += 1
    }
    const stop = hub.subscribe(count)
    hub.subscribe(count)
    stop()
    hub.emit(event)
    expect(calls).toBe(1)
  })

  test('reaches every listener although one throws, and then tells', () => {
    const hub = eventHub()
    const seen: CacheEvent[] = []
    hub.subscribe(() => {
      throw new Error('broken listener')
    })
    hub.subscribe((received) => seen.push(received))
    expect(() => hub.emit(event)).toThrow('broken listener')
    expect(seen).toEqual([event])
  })
})
