import { classifySqlError, provesRollback } from 'caching-patterns/postgres'
import { describe, expect, test } from 'vitest'
import { isStalePlan, leavesSessionUsable } from '../../src/sources/sqlstate.ts'

const sqlError = (code: string) => Object.assign(new Error('refused'), { code })

describe('a failed flush', () => {
  test.each(['22001', '22P02', '22P05', '23502', '23514', '42804', '44000', '54000'])(
    'with %s is poison',
    (code) => {
      expect(classifySqlError(sqlError(code))).toEqual({ kind: 'poison', sqlstate: code })
    },
  )

  test('with a right that a policy refuses to one row is poison', () => {
    const refused = Object.assign(sqlError('42501'), { routine: 'ExecWithCheckOptions' })
    expect(classifySqlError(refused)).toEqual({ kind: 'poison', sqlstate: '42501' })
  })

  test.each(['23505', '23503', '23P01', 'P0001'])('with %s is retried alone', (code) => {
    expect(classifySqlError(sqlError(code))).toEqual({ kind: 'retry-alone', sqlstate: code })
  })

  test.each([
    '08006',
    '40001',
    '40P01',
    '53300',
    '55P03',
    '57014',
    '57P01',
    '25006',
    '28P01',
    '3D000',
    '3F000',
    '42P01',
    '42703',
    '42501',
    'XX000',
  ])('with %s is transient', (code) => {
    expect(classifySqlError(sqlError(code))).toEqual({ kind: 'transient', sqlstate: code })
  })

  test.each([sqlError('EPIPE'), sqlError('ECONNRESET'), new Error('gone'), null, undefined, 'no'])(
    'that no server answered (%s) is transient',
    (error) => {
      expect(classifySqlError(error)).toEqual({ kind: 'transient', sqlstate: '' })
    },
  )
})

describe('an error proves a rollback', () => {
  test.each(['23505', '40001', '57014', 'P0001'])('when the server sent %s', (code) => {
    expect(provesRollback(sqlError(code))).toBe(true)
  })

  test.each(['08006', '08007', '40003', '57P01', '57P02', 'EPIPE', 'ECONNRESET'])(
    'but not when it is %s',
    (code) => {
      expect(provesRollback(sqlError(code))).toBe(false)
    },
  )
})

describe('a connection', () => {
  test.each([
    '23505',
    '22012',
    '40001',
    '40P01',
    '42P01',
    '53100',
    '55P03',
    '57014',
    '25P02',
    'P0001',
  ])('is as good as before, when the server sent %s', (code) => {
    expect(leavesSessionUsable(sqlError(code))).toBe(true)
  })

  test.each(['08006', '25P03', '25P04', '40003', '57P01', '57P05', '58030', 'XX000', 'EPIPE', ''])(
    'is in doubt after %j',
    (code) => {
      expect(leavesSessionUsable(sqlError(code))).toBe(false)
    },
  )
})

describe('a prepared statement', () => {
  const stale = (code: string, routine?: string) =>
    isStalePlan(Object.assign(sqlError(code), { routine }))

  test('is to be prepared anew when its answer changed, or it is gone', () => {
    expect(stale('0A000', 'RevalidateCachedQuery')).toBe(true)
    expect(stale('26000')).toBe(true)
  })

  test('is not to blame for what else is not supported', () => {
    expect(stale('0A000', 'transformSelectStmt')).toBe(false)
    expect(stale('42P01', 'RevalidateCachedQuery')).toBe(false)
    expect(isStalePlan(undefined)).toBe(false)
  })
})
