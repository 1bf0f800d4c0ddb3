import { expect, test } from 'vitest'
import { importsOf } from '../guards/imports.ts'
import { filesIn, read } from '../guards/repository.ts'

const examples = filesIn('library/examples', '.ts')

test('there are examples', () => {
  expect(examples).toContain('library/examples/sources/kysely.ts')
})

test.each(examples)('%s is complete: it imports packages alone', (file) => {
  const specifiers = importsOf(read(file)).map(({ specifier }) => specifier)
  expect(specifiers).not.toEqual([])
  expect(specifiers.filter((specifier) => specifier.startsWith('.'))).toEqual([])
})

test.each(examples)('%s is on the page of sources', (file) => {
  expect(read('docs/sources.md')).toContain(`(../${file})`)
})
