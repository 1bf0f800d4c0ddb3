import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { htmlReport } from '../compare/report/html-report.ts'
import { markdownReport } from '../compare/report/markdown-report.ts'
import { readResult } from '../compare/report/read-result.ts'
import { readmeTable, withReadmeTable } from '../compare/report/readme-table.ts'
import { renderFiles } from '../compare/report/render-files.ts'
import { comparison } from './comparison-fixture.ts'

const result = comparison({ rounds: 2 })
const markers = '<!-- compare:begin -->\nold\n<!-- compare:end -->'

describe('rendering', () => {
  let [folder, results] = ['', '']
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compare-'))
    results = join(folder, 'lab/results')
    await mkdir(results, { recursive: true })
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('writes Markdown and page beside the JSON, and the table of a README that has markers', async () => {
    const [json, readme] = [join(results, 'compare.json'), join(folder, 'README.md')]
    await writeFile(json, JSON.stringify(result))
    await writeFile(readme, `before\n${markers}\nafter\n`)
    const files = await renderFiles(json, { readme })
    expect(files).toEqual([join(results, 'compare.md'), join(results, 'compare.html'), readme])
    const isEach = await Promise.all([
      readFile(join(results, 'compare.md'), 'utf8').then((text) => text === markdownReport(result)),
      readFile(join(results, 'compare.html'), 'utf8').then((text) => text === htmlReport(result)),
    ])
    expect(isEach).toEqual([true, true])
    expect(await readFile(readme, 'utf8')).toBe(`before\n${readmeTable(result)}\nafter\n`)
  })

  test.each([
    ['of a README without markers', 'compare.json', 'no table'],
    ["of other results than README's own", 'other.json', markers],
  ])('leaves the table %s as it is', async (_, name, page) => {
    const [json, readme] = [join(results, name), join(folder, 'README.md')]
    await writeFile(json, JSON.stringify(result))
    await writeFile(readme, page)
    expect(await renderFiles(json, { readme })).not.toContain(readme)
    expect(await readFile(readme, 'utf8')).toBe(page)
  })

  test('refuses a page with one marker alone', () => {
    expect(() => withReadmeTable('<!-- compare:begin -->', result)).toThrow('README.md: expected')
    expect(() => withReadmeTable('<!-- compare:end --><!-- compare:begin -->', result)).toThrow(
      'README.md: expected',
    )
  })

  test('refuses, in a line, a file that is none of a comparison', async () => {
    const file = join(folder, 'wrong.json')
    await expect(renderFiles(join(folder, 'run.txt'))).rejects.toThrow(
      'expected a .json of npm run compare',
    )
    await expect(readResult(file)).rejects.toThrow('received ENOENT')
    for (const text of ['{', 'null', '{"machine":{}}']) {
      await writeFile(file, text)
      await expect(readResult(file)).rejects.toThrow('received something else')
    }
  })
})

describe('the committed comparison', () => {
  const root = resolve(import.meta.dirname, '../..')
  const json = join(root, 'lab/results/compare.json')

  test("is what README's table, the Markdown and the page beside it are rendered from", async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8')
    const hasTable = readme.includes('<!-- compare:')
    expect({ hasTable }).toEqual({ hasTable: existsSync(json) })
    if (!hasTable) return
    const committed = await readResult(json)
    expect(withReadmeTable(readme, committed)).toBe(readme)
    // Booleans: their difference would fill screens.
    const beside = (ending: string) => readFile(json.replace(/json$/, ending), 'utf8')
    expect((await beside('md')) === markdownReport(committed)).toBe(true)
    expect((await beside('html')) === htmlReport(committed)).toBe(true)
  })
})
