import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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

describe('rendering', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compare-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('writes Markdown and page beside the JSON, and the table of a page that has markers', async () => {
    const [json, readme] = [join(folder, 'run.json'), join(folder, 'README.md')]
    await writeFile(json, JSON.stringify(result))
    await writeFile(readme, 'before\n<!-- compare:begin -->\nold\n<!-- compare:end -->\nafter\n')
    const files = await renderFiles(json, { readme })
    expect(files).toEqual([join(folder, 'run.md'), join(folder, 'run.html'), readme])
    expect(await readFile(join(folder, 'run.md'), 'utf8')).toBe(
      markdownReport(result, { json: 'run.json' }),
    )
    expect(await readFile(join(folder, 'run.html'), 'utf8')).toBe(
      htmlReport(result, { json: 'run.json' }),
    )
    expect(await readFile(readme, 'utf8')).toBe(`before\n${readmeTable(result)}\nafter\n`)
  })

  test('leaves a page without markers as it is', async () => {
    const [json, readme] = [join(folder, 'other.json'), join(folder, 'other.md.txt')]
    await writeFile(json, JSON.stringify(result))
    await writeFile(readme, 'no table')
    expect(await renderFiles(json, { readme })).not.toContain(readme)
    expect(await readFile(readme, 'utf8')).toBe('no table')
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
