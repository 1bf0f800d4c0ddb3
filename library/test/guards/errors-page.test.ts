import { expect, test } from 'vitest'
import { errorCodes } from '../../src/contract/errors.ts'
import { read } from './repository.ts'

const page = read('docs/errors.md')
const documented = [...page.matchAll(/^\| `([A-Z_]+)` \|(.*)$/gm)]
const problems = [
  ...read('services/http/codes.ts').matchAll(/^ {2}([A-Z_]+): \{\s*status: (\d+)/gm),
]

test('the page lists every code of the library and of the services, and no other', () => {
  expect(problems.length).toBeGreaterThan(10)
  const codes = [...Object.keys(errorCodes), ...problems.map(([, code]) => code)]
  const rows = documented.map(([, code]) => code)
  expect([...new Set(rows)].sort()).toEqual([...new Set(codes)].sort())
})

test('the page gives each code of the services its status', () => {
  const wrong = problems.filter(
    ([, code, status = '']) =>
      !documented.some(([, row, cells = '']) => row === code && cells.includes(` ${status} `)),
  )
  expect(wrong.map(([, code, status]) => `${code} ${status}`)).toEqual([])
})
