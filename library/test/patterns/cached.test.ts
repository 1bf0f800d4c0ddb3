import { cached } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { manualClock } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'

function make() {
  const clock = manualClock()
  const options = { name: 'rates', ttl: '1m', store: memoryStore({ clock }), clock } as const
  const calls: unknown[][] = []
  const fn = async (...args: unknown[]) => {
    calls.push(args)
    return { args }
  }
  return { options, calls, fn }
}

describe('a cached function', () => {
  test('is called once per first argument', async () => {
    const { options, calls, fn } = make()
    const rate = cached(fn, options as typeof options & { key?: never })
    expect(await rate('EUR')).toEqual({ args: ['EUR'] })
    expect(await rate('EUR')).toEqual({ args: ['EUR'] })
    await rate('USD')
    expect(calls).toEqual([['EUR'], ['USD']])
  })

  test('is called once for many concurrent callers', async () => {
    const { options, calls, fn } = make()
    const rate = cached((currency: string) => fn(currency), options)
    await Promise.all(Array.from({ length: 100 }, () => rate('EUR')))
    expect(calls).toHaveLength(1)
  })

  test('takes its key from a function of all its arguments', async () => {
    const { options, calls, fn } = make()
    const rate = cached((from: string, to: string) => fn(from, to), {
      ...options,
      key: (from, to) => `${from}/${to}`,
    })
    await rate('EUR', 'USD')
    await rate('EUR', 'GBP')
    await rate('EUR', 'USD')
    expect(calls).toEqual([
      ['EUR', 'USD'],
      ['EUR', 'GBP'],
    ])
  })

  test('is invalidated and closed through its cache', async () => {
    const { options, calls, fn } = make()
    const rate = cached((currency: string) => fn(currency), options)
    await rate('EUR')
    await rate.cache.invalidate('EUR')
    await rate('EUR')
    expect(calls).toHaveLength(2)
    await rate.cache.close()
    await expect(rate('EUR')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('rejects, and never throws, when its key cannot be made', async () => {
    const { options, fn } = make()
    const broken = cached((currency: string) => fn(currency), {
      ...options,
      key: (): string => {
        throw new Error('no key')
      },
    })
    await expect(broken('EUR')).rejects.toThrow('no key')
    const none = cached(() => fn(), options as never)
    await expect(none()).rejects.toMatchObject({ code: 'INVALID_KEY' })
  })

  test.each([
    ['fn', undefined, {}],
    ['fn', {}, {}],
    ['key', async () => 1, { key: 'id' }],
  ])('is refused when it is none: %s', (what, fn, extra) => {
    const { options } = make()
    const make2 = () => cached(fn as never, { ...options, ...extra } as never)
    expect(make2).toThrow(TypeError)
    expect(make2).toThrow(new RegExp(`^${what}: expected a function`))
  })
})
