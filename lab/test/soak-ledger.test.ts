import { beforeEach, describe, expect, test } from 'vitest'
import { Ledger } from '../soak/ledger.ts'

const seeded = { name: 'User 3', email: 'user3@example.com' }
const written = (serial: number) => ({ serial, tag: `"${serial}"` })
let ledger: Ledger
beforeEach(() => {
  ledger = new Ledger({ run: 'k3x', users: 10, isMonotonic: false })
})

describe('a read', () => {
  test('may show what was there before, until a write is acknowledged', () => {
    const early = ledger.beginRead(3)
    const serial = ledger.beginUpdate(3)
    const during = ledger.beginRead(3)
    ledger.acknowledged(3, written(serial))
    const late = ledger.beginRead(3)
    for (const reading of [early, during]) {
      expect(ledger.check(reading, seeded)).toBeUndefined()
      expect(ledger.check(reading, ledger.draft(serial))).toBeUndefined()
    }
    expect(ledger.check(late, ledger.draft(serial))).toBeUndefined()
    expect(ledger.check(late, seeded)).toBe(
      'user 3 shows what it was before the run after write 1 was acknowledged or seen',
    )
  })

  test('may show a newer write that is under way, and not one that was refused', () => {
    const refused = ledger.beginUpdate(3)
    const reading = ledger.beginRead(3)
    expect(ledger.check(reading, ledger.draft(refused))).toBeUndefined()
    ledger.refused(3, refused)
    expect(ledger.check(reading, ledger.draft(refused))).toMatch(/which nobody wrote to it$/)
    expect(ledger.check(reading, ledger.draft('refused'))).toMatch(/which nobody wrote to it$/)
  })

  test('may show a write of unknown outcome, and what was before it', () => {
    ledger.acknowledged(3, written(ledger.beginUpdate(3)))
    const unknown = ledger.beginUpdate(3)
    const reading = ledger.beginRead(3)
    expect(ledger.check(reading, ledger.draft(1))).toBeUndefined()
    expect(ledger.check(reading, ledger.draft(unknown))).toBeUndefined()
  })

  test('may show a write of unknown outcome after a later one was acknowledged', () => {
    const unknown = ledger.beginUpdate(3)
    const refused = ledger.beginUpdate(3)
    ledger.unsure(3, unknown)
    ledger.acknowledged(3, written(ledger.beginUpdate(3)))
    const reading = ledger.beginRead(3)
    expect(ledger.check(reading, ledger.draft(unknown))).toBeUndefined()
    expect(ledger.check(reading, ledger.draft(refused))).toMatch(/shows write 2 after write 3/)
  })

  test("shows neither another user's write, nor halves of two", () => {
    ledger.acknowledged(4, written(ledger.beginUpdate(4)))
    ledger.acknowledged(3, written(ledger.beginUpdate(3)))
    const reading = ledger.beginRead(3)
    expect(ledger.check(reading, ledger.draft(1))).toMatch(/which nobody wrote to it/)
    const halves = { name: ledger.draft(2).name, email: seeded.email }
    expect(ledger.check(reading, halves)).toMatch(/which nobody wrote to it/)
    const others = { name: seeded.name, email: ledger.draft(2).email }
    expect(ledger.check(reading, others)).toMatch(/which nobody wrote to it/)
  })

  test('finds a user that nobody deleted', () => {
    expect(ledger.check(ledger.beginRead(3), 'absent')).toMatch(/is not there, and nobody deleted/)
    ledger.created(11, written(ledger.beginCreate()))
    expect(ledger.check(ledger.beginRead(11), 'absent')).toMatch(/nobody deleted it after write 1/)
  })

  test('finds nobody after a delete, or either while it is under way', () => {
    ledger.created(11, written(ledger.beginCreate()))
    const early = ledger.beginRead(11)
    const serial = ledger.beginDelete(11)
    expect(ledger.check(early, 'absent')).toBeUndefined()
    expect(ledger.check(early, ledger.draft(1))).toBeUndefined()
    ledger.acknowledged(11, { serial, tag: '' })
    const late = ledger.beginRead(11)
    expect(ledger.check(late, 'absent')).toBeUndefined()
    expect(ledger.check(late, ledger.draft(1))).toBe(
      'user 11 shows write 1 after write 2 was acknowledged or seen',
    )
  })

  test('still finds a user whose delete was refused', () => {
    ledger.created(11, written(ledger.beginCreate()))
    ledger.refused(11, ledger.beginDelete(11))
    expect(ledger.check(ledger.beginRead(11), 'absent')).toMatch(/nobody deleted it/)
  })

  test('finds a new user from the acknowledgement of its creation on, and perhaps before', () => {
    const early = ledger.beginRead(11)
    const serial = ledger.beginCreate()
    const during = ledger.beginRead(11)
    expect(ledger.check(during, ledger.draft(serial))).toBeUndefined()
    ledger.created(11, written(serial))
    for (const reading of [early, during]) {
      expect(ledger.check(reading, 'absent')).toBeUndefined()
      expect(ledger.check(reading, ledger.draft(serial))).toBeUndefined()
    }
    expect(ledger.check(ledger.beginRead(11), 'absent')).toMatch(/nobody deleted it/)
  })

  test('holds for all later reads where nobody may go back', () => {
    const strict = new Ledger({ run: 'k3x', users: 10, isMonotonic: true })
    for (const [each, verdict] of [
      [ledger, undefined],
      [strict, 'user 3 shows what it was before the run after write 1 was acknowledged or seen'],
    ] as const) {
      const serial = each.beginUpdate(3)
      expect(each.check(each.beginRead(3), each.draft(serial))).toBeUndefined()
      expect(each.check(each.beginRead(3), seeded)).toBe(verdict)
    }
  })
})

test('a ledger knows the users that were written, and those that are new', () => {
  ledger.created(12, written(ledger.beginCreate()))
  ledger.created(11, written(ledger.beginCreate()))
  ledger.acknowledged(3, written(ledger.beginUpdate(3)))
  ledger.beginDelete(12)
  ledger.beginRead(5)
  expect(ledger.ids).toEqual([12, 11, 3])
  expect(ledger.recent).toEqual([11])
  expect(ledger.highestId).toBe(12)
  expect(ledger.lastWritten(3)).toEqual({ serial: 3, tag: '"3"' })
})
