import { expect, test } from 'vitest'
import { withoutOptions } from '../command-line/arguments.ts'

test.each([
  ['--quick --results a', '--quick'],
  ['--results=a --seed 2', '--seed 2'],
  ['--seed 2 --results --quick', '--seed 2'],
  ['--result a --resultsx b', '--result a --resultsx b'],
  ['', ''],
])('of the arguments "%s" these are left: "%s"', (given, left) => {
  const args = given.split(' ').filter((arg) => arg !== '')
  expect(withoutOptions(args, ['--results', '--json']).join(' ')).toBe(left)
})
