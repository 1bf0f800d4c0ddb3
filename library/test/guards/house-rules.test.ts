import { expect, test } from 'vitest'
import { filesIn, read } from './repository.ts'

const limits: [pattern: RegExp, lines: number][] = [
  [/^README\.md$/, 200],
  [/^services\/[^/]+\/main\.ts$/, 40],
  [/^services\/cache-aside\/users\.ts$/, 62],
]
const files = filesIn('.').filter((file) => !/\.(gz|png|ico|woff2)$/.test(file))
const tests = files.filter((file) => file.endsWith('.test.ts'))

test('the files that a reader opens first stay short', () => {
  const long = limits.flatMap(([pattern, limit]) =>
    files
      .filter((file) => pattern.test(file))
      .map((file) => ({ file, limit, lines: read(file).split('\n').length - 1 }))
      .filter(({ lines }) => lines > limit),
  )
  expect(long).toEqual([])
})

test("no file names a path of somebody's machine", () => {
  const home = /(?<![\w.:/-])\/(?:home|root|Users|work|mnt)\/[\w.]/
  expect(files.filter((file) => home.test(read(file)))).toEqual([])
})

test('no error is dropped without a word', () => {
  const dropped = /catch (?:\(\w+\) )?\{\s*\}|\.catch\(\(\w*\) => \{\s*\}\)/
  const code = files.filter((file) =>
    /^(library\/src|services|lab|local-servers)\/.*\.ts$/.test(file),
  )
  expect(code.filter((file) => dropped.test(read(file)))).toEqual([])
})

test.each(tests)('the titles in %s are promises, each made once', (file) => {
  const call = /^\s*(?:test|it)(?:\.\w+)*(?:\([^)]*\))?\(\s*(['"`])(.+?)\1,/gm
  const titles = [...read(file).matchAll(call)].map(([, , title = '']) => title)
  expect(titles.filter((title, index) => titles.indexOf(title) < index)).toEqual([])
  expect(titles.filter((title) => /\bshould\b/i.test(title))).toEqual([])
})
