import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readResult } from '../advise/kept-result.ts'
import { pictureOf } from '../advise/picture.ts'
import { report } from '../advise/report.ts'
import { cellOf } from '../compare/figure.ts'
import { figureOf } from '../compare/figures.ts'
import { cellText } from '../compare/report/cell-text.ts'
import { readResult as readComparison } from '../compare/report/read-result.ts'
import type { SubjectName } from '../compare/subject.ts'

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

test('the five questions have the figures of the committed comparison', async () => {
  const comparison = await readComparison(fileURLToPath(at('lab/results/compare.json')))
  const of = (id: string, name: SubjectName) => {
    const subject = comparison.subjects.find((each) => each.name === name)
    if (subject === undefined) throw new RangeError(`no ${name}`)
    const figure = figureOf(id)
    return cellText(figure, cellOf(figure, subject, comparison)).value
  }
  const words = page.replaceAll(/\s+/g, ' ')
  const statements = (name: SubjectName) => of('statements', name)
  const writes = (name: SubjectName) => `${of('write-p50', name)} ms`
  const afterKill = (name: SubjectName) => of('stale-after-kill', name)
  const expected = [
    `(p50 ${writes('no-cache')}, against ${writes('read-through')} in read-through`,
    `requests ${statements('read-through')} reach the database in read-through, ${statements('write-through')} in write-through, ${statements('write-behind')} in write-behind`,
    `In write-behind ${of('lag-p50', 'write-behind')} ms at a delay of 1 s`,
    `recovered after ${of('recovery', 'write-behind')} ms`,
    `(${of('writes-postgres-down', 'write-behind')} % were done, in all others ${of('writes-postgres-down', 'read-through')} %)`,
    `lost ${of('lost-writes', 'naive-write-behind')} acknowledged writes a kill`,
    `and ${of('stale-reads', 'naive-write-behind')} % of its reads were stale`,
    `${afterKill('cache-aside')}, ${afterKill('read-through')} and ${afterKill('refresh-ahead')} such reads a kill`,
    `in write-through ${afterKill('write-through')}.`,
    `the control of cache-aside ${of('stale-reads', 'naive')} %`,
    `${of('hit-ratio', 'write-through')} % hits against ${of('hit-ratio', 'read-through')} % in read-through`,
    `p50 ${writes('write-through')} against ${writes('read-through')}; and it refuses writes while Redis is frozen (${of('writes-redis-frozen', 'write-through')} % done, ${of('writes-redis-frozen', 'read-through')} % in read-through)`,
    `send the database ${of('hot-key-peak', 'read-through')} statement when a hot entry expires, the control of cache-aside ${of('hot-key-peak', 'naive')}, one for each`,
  ]
  expect(expected.filter((said) => !words.includes(said))).toEqual([])
})
