import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readResult } from '../advise/kept-result.ts'
import { pictureOf } from '../advise/picture.ts'
import { report } from '../advise/report.ts'

const at = (path: string) => new URL(`../../${path}`, import.meta.url)
const read = (path: string) => readFileSync(at(path), 'utf8')
const page = read('docs/choosing.md')
const runs = readdirSync(at('lab/results'))
  .map((file) => /^advise-(.+)\.json$/.exec(file)?.[1] ?? '')
  .filter((name) => name !== '')

test('the page shows a trace and three clusters', () => {
  expect(runs).toEqual(expect.arrayContaining(['web07', 'cluster-1', 'cluster-7', 'cluster-12']))
})

test.each(runs)('the page says of %s what its samples say', (name) => {
  const file = `lab/results/advise-${name}.json`
  expect(page).toContain(`\`\`\`text\n${report(readResult(read(file), file))}\n\`\`\``)
  expect(page).toContain(`(../${file})`)
})

test.each(runs)('the picture of %s is the one that its samples draw', (name) => {
  const file = `lab/results/advise-${name}.json`
  expect(read(`docs/pictures/advise-${name}.svg`)).toBe(pictureOf(readResult(read(file), file)))
  expect(page).toMatch(new RegExp(`!\\[[^\\]]+\\]\\(pictures/advise-${name}\\.svg\\)`))
})
