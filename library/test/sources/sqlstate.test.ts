import { classifySqlError, provesRollback } from 'caching-patterns/postgres'
import { describe, expect, test } from 'vitest'

const sqlError = (code: string) => Object.assign(new Error('refused'), { code })

describe('a failed flush', () => {
  test.each(['22001', '22P02', '22P05', '23502', '23514', '42703', '44000', '54000'])(
    'with %s is poison',
    (code) => {
      expect(classifySqlError(sqlError(code))).toEqual({ kind: 'poison', sqlstate: code })
    },
  )

  test.each(['23505', '23503', '23P01', 'P0001'])('with %s is retried alone', (code) => {
    expect(classifySqlError(sqlError(code))).toEqual({ kind: 'retry-alone', sqlstate: code })
  })

  test.each(['08006', '40001', '40P01', '53300', '55P03', '57014', '57P01', '25006', 'XX000'])(
    'with %s is transient',
    (code) => {
      expect(classifySqlError(sqlError(code))).toEqual({ kind: 'transient', sqlstate: code })
    },
  )

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
