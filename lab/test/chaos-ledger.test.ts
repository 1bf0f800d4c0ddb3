import { describe, expect, test } from 'vitest'
import type { Standing } from '../chaos/audit.ts'
import { letterOf } from '../chaos/ledger/books.ts'
import { balance, type Letter, type Writings } from '../chaos/ledger/ledger.ts'
import { changedSince } from '../chaos/ledger/promises.ts'
import type { RecordedRead, RecordedWrite } from '../chaos/record.ts'

const seeded: Standing = { key: '1', version: 1, value: 'User 1' }

function put(more: Partial<RecordedWrite>): RecordedWrite {
  return {
    ...{ kind: 'write', key: '1', by: 'one', said: '', startedAt: 0, endedAt: 1 },
    ...{ outcome: 'confirmed', version: 5, value: 'Chaos 5' },
    ...more,
  }
}

const unknownPut = (value: string) => {
  const { version, ...untold } = put({ outcome: 'unknown', value })
  return untold
}

interface Story {
  readonly writes: readonly (RecordedWrite | RecordedRead)[]
  readonly rows?: readonly Standing[]
  readonly letters?: readonly Letter[]
  readonly dirty?: readonly string[]
  readonly refused?: readonly string[]
  readonly unknownCreates?: readonly string[]
}

function settle({ writes, rows = [], letters = [], dirty, refused, unknownCreates }: Story) {
  const writings: Writings = {
    operations: writes,
    refused: new Set(refused),
    unknownCreates: new Set(unknownCreates),
  }
  const books = { rows, letters, dirty: new Set(dirty) }
  const { lost, resurrected, wrong, ...figures } = balance([seeded], writings, books)
  return { figures, found: { lost, resurrected, wrong } }
}

const nothing = { lost: [], resurrected: [], wrong: [] }
const row = (version: number, value: string, key = '1'): Standing => ({ key, version, value })
const letter = (version: number, value: string, sqlstate = '23514'): Letter => {
  return { key: '1', version, value, sqlstate }
}

describe('a ledger', () => {
  test('is balanced by the row of the last acknowledged version', () => {
    const writes = [put({}), put({ version: 7, value: 'Chaos 7' }), put({ version: 6 })]
    const { figures, found } = settle({ writes, rows: [row(7, 'Chaos 7')] })
    expect(found).toEqual(nothing)
    expect(figures).toMatchObject({ keys: 1, acknowledged: 3, deletes: 0, unknown: 0, letters: {} })
  })

  test('finds a write lost whose row is older, or not there', () => {
    const writes = [put({})]
    const older = settle({ writes, rows: [seeded] }).found
    expect(older).toEqual({
      ...nothing,
      lost: ['1: 5 "Chaos 5" was acknowledged by one; row 1 "User 1", no dead letter'],
    })
    expect(settle({ writes }).found.lost).toHaveLength(1)
    expect(settle({ writes: [] }).found.lost).toHaveLength(1)
  })

  test('does not judge who is in the journal still', () => {
    expect(settle({ writes: [put({})], rows: [seeded], dirty: ['1'] }).found).toEqual(nothing)
    expect(settle({ writes: [put({})], rows: [seeded], dirty: ['2'] }).found.lost).toHaveLength(1)
  })

  test('takes a newer row for right if its write may have happened, and for wrong if nobody wrote it', () => {
    const rows = [row(9, 'Chaos 9')]
    expect(settle({ writes: [put({}), unknownPut('Chaos 9')], rows }).found).toEqual(nothing)
    expect(settle({ writes: [put({})], rows }).found.wrong).toHaveLength(1)
    expect(settle({ writes: [put({})], rows: [row(5, 'Chaos 4')] }).found.wrong).toHaveLength(1)
  })

  test('does not take an older row for right because an unknown write could have come before', () => {
    const writes = [put({}), unknownPut('Chaos 3')]
    expect(settle({ writes, rows: [row(3, 'Chaos 3')] }).found.lost).toHaveLength(1)
  })

  test('finds a user resurrected after an acknowledged delete, and none where the delete may have failed', () => {
    const gone = put({ value: null, version: 2 ** 53 - 1 })
    expect(settle({ writes: [put({}), gone] }).found).toEqual(nothing)
    const back = settle({ writes: [put({}), gone], rows: [row(5, 'Chaos 5')] }).found
    expect(back.resurrected).toEqual(['1: its delete was acknowledged by one; row 5 "Chaos 5"'])
    const maybe = { ...gone, outcome: 'unknown' } as const
    expect(settle({ writes: [put({}), maybe], rows: [row(5, 'Chaos 5')] }).found).toEqual(nothing)
    expect(settle({ writes: [put({}), maybe] }).found).toEqual(nothing)
  })

  test('counts a dead letter of the last acknowledged version, or a newer one, as kept', () => {
    const writes = [put({ value: 'Poison 5' })]
    const kept = settle({ writes, rows: [seeded], letters: [letter(5, 'Poison 5')] })
    expect(kept.found).toEqual(nothing)
    expect(kept.figures.letters).toEqual({ '23514': 1 })
    const older = settle({ writes, rows: [seeded], letters: [letter(4, 'Poison 4')] })
    expect(older.found.lost[0]).toContain('dead letter 4')
  })

  test('wants the row itself of a good write that follows a refused one', () => {
    const writes = [put({ value: 'Clash 5' }), put({ version: 6, value: 'Chaos 6' })]
    const letters = [letter(5, 'Clash 5', '23505')]
    expect(settle({ writes, rows: [row(6, 'Chaos 6')], letters }).found).toEqual(nothing)
    expect(settle({ writes, rows: [seeded], letters }).found.lost).toHaveLength(1)
  })

  test('finds dead letters of writes that the database had no reason to refuse, or not that one', () => {
    const good = settle({ writes: [put({})], rows: [seeded], letters: [letter(5, 'Chaos 5')] })
    expect(good.found.wrong).toEqual(['1: dead letter 5 "Chaos 5" for 23514, expected none'])
    const writes = [put({ value: 'Poison 5' })]
    const other = settle({ writes, rows: [seeded], letters: [letter(5, 'Poison 5', '23505')] })
    expect(other.found.wrong).toHaveLength(1)
  })

  test('finds rows of writes that were refused, and of users that nobody was told of', () => {
    const rows = [row(5, 'Chaos 5'), row(8, 'Chaos 8', '9')]
    const writes = [put({})]
    expect(settle({ writes, rows }).found.wrong).toEqual(['9: row 8 "Chaos 8": nobody wrote it'])
    expect(settle({ writes, rows, unknownCreates: ['Chaos 8'] }).found).toEqual(nothing)
    const refused = settle({ writes, rows, refused: ['Chaos 8'] }).found.wrong
    expect(refused).toEqual(['9: row 8 "Chaos 8": that write was refused'])
  })

  test('finds one id that was given to two new users', () => {
    const one = put({ isCreate: true })
    const other = put({ isCreate: true, version: 6, value: 'Chaos 6' })
    const { found, figures } = settle({ writes: [one, other], rows: [row(6, 'Chaos 6')] })
    expect(found.wrong).toEqual(['1 was given to 2 new users'])
    expect(figures.creates).toBe(2)
  })

  test('reads a dead letter as the journal keeps it', () => {
    const kept = { version: 7, key: 'write-behind:users:1:pg:42', json: '{"name":"Poison 1"}' }
    expect(letterOf(JSON.stringify({ ...kept, sqlstate: '23514', attempts: 1 }))).toEqual({
      ...{ key: '42', version: 7, value: 'Poison 1', sqlstate: '23514' },
    })
    expect(letterOf(JSON.stringify({ ...kept, json: null })).value).toBeNull()
  })

  test('tells rows that changed after their phase was settled', () => {
    const settled = new Map([
      ['1', 5],
      ['2', null],
      ['3', 7],
    ])
    expect(changedSince(settled, new Map([['1', 5]]))).toEqual([
      '3: 7 when its phase was settled, no row now',
    ])
    const back = new Map(Object.entries({ 1: 5, 2: 4, 3: 7 }))
    expect(changedSince(settled, back)).toEqual(['2: no row when its phase was settled, 4 now'])
  })
})
