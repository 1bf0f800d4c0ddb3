import { expectTypeOf, test } from 'vitest'
import type { Jsonify } from '../../src/contract/json.ts'

interface Tree {
  readonly planted: Date
  readonly branches: Tree[]
}
type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
type UserId = string & { readonly brand: 'UserId' }

class Account {
  readonly opened: Date
  readonly #pin = 1234
  constructor(opened: Date) {
    this.opened = opened
  }
  isMine(pin: number): boolean {
    return pin === this.#pin
  }
}

test('what JSON holds stays as it is', () => {
  expectTypeOf<Jsonify<'a' | 1 | true | null | undefined>>().toEqualTypeOf<
    'a' | 1 | true | null | undefined
  >()
  expectTypeOf<Jsonify<UserId>>().toEqualTypeOf<UserId>()
  expectTypeOf<Jsonify<UserId[]>>().toEqualTypeOf<readonly UserId[]>()
})

test('what nothing is known of stays so', () => {
  expectTypeOf<Jsonify<unknown>>().toEqualTypeOf<unknown>()
  // biome-ignore lint/suspicious/noExplicitAny: what becomes of it is the question
  expectTypeOf<Jsonify<any>>().toEqualTypeOf<any>()
  expectTypeOf<Jsonify<unknown[]>>().toEqualTypeOf<readonly unknown[]>()
  expectTypeOf<Jsonify<{ a: unknown }>>().toEqualTypeOf<{ readonly a: unknown }>()
  expectTypeOf<Jsonify<never>>().toEqualTypeOf<never>()
})

test('a Date becomes a string wherever it is', () => {
  expectTypeOf<Jsonify<Date>>().toEqualTypeOf<string>()
  expectTypeOf<Jsonify<Date[]>>().toEqualTypeOf<readonly string[]>()
  expectTypeOf<Jsonify<Record<string, Date>>>().toEqualTypeOf<{ readonly [key: string]: string }>()
  expectTypeOf<Jsonify<{ a: Date | null; b: { c: Date } }>>().toEqualTypeOf<{
    readonly a: string | null
    readonly b: { readonly c: string }
  }>()
})

test('an optional field stays optional, and each member of a union becomes its own', () => {
  expectTypeOf<Jsonify<{ a?: Date }>>().toEqualTypeOf<{ readonly a?: string }>()
  expectTypeOf<Jsonify<{ a: 1; at: Date } | { a: 2; act(): void }>>().toEqualTypeOf<
    { readonly a: 1; readonly at: string } | { readonly a: 2 }
  >()
})

test('what toJSON returns is made JSON too', () => {
  interface Money {
    toJSON(): { amount: number; at: Date; sign(): string }
  }
  expectTypeOf<Jsonify<Money>>().toEqualTypeOf<{ readonly amount: number; readonly at: string }>()
  expectTypeOf<Jsonify<{ toJSON(key: string): number }>>().toEqualTypeOf<number>()
})

test('methods, symbols and bigints are no fields', () => {
  const hidden = Symbol('hidden')
  expectTypeOf<Jsonify<Account>>().toEqualTypeOf<{ readonly opened: string }>()
  expectTypeOf<Jsonify<{ a: 1; b: symbol; c: bigint; [hidden]: 1 }>>().toEqualTypeOf<{
    readonly a: 1
  }>()
  expectTypeOf<Jsonify<bigint>>().toEqualTypeOf<never>()
})

test('an array holds null in place of what JSON has not', () => {
  expectTypeOf<Jsonify<(string | undefined)[]>>().toEqualTypeOf<readonly (string | null)[]>()
  expectTypeOf<Jsonify<(() => void)[]>>().toEqualTypeOf<readonly null[]>()
})

test('a tuple stays a tuple', () => {
  expectTypeOf<Jsonify<[string, Date]>>().toEqualTypeOf<readonly [string, string]>()
  expectTypeOf<Jsonify<readonly [Date, undefined]>>().toEqualTypeOf<readonly [string, null]>()
})

test('a Map and a Set become an object without fields', () => {
  expectTypeOf<keyof Jsonify<Map<string, number>>>().toEqualTypeOf<never>()
  expectTypeOf<keyof Jsonify<Set<string>>>().toEqualTypeOf<never>()
})

test('a type may hold itself', () => {
  expectTypeOf<Jsonify<Tree>['branches'][0]['branches'][0]['planted']>().toEqualTypeOf<string>()
  expectTypeOf<Json>().toExtend<Jsonify<Json>>()
  expectTypeOf<Extract<Jsonify<Json>, string>>().toEqualTypeOf<string>()
})

test('once is enough', () => {
  interface User {
    id: UserId
    at: Date
    tags?: string[]
    pair: [Date, number | undefined]
  }
  expectTypeOf<Jsonify<Jsonify<User>>>().toEqualTypeOf<Jsonify<User>>()
})
