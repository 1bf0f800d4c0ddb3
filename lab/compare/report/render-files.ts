import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { Failure } from '../../replay/failure.ts'
import { htmlReport } from './html-report.ts'
import { markdownReport } from './markdown-report.ts'
import { readResult } from './read-result.ts'
import { committedResults, withReadmeTable } from './readme-table.ts'

export interface RenderOptions {
  /** The README above the committed results: its table is made from these, and from no others. */
  readonly readme?: string
}

/** Writes the Markdown and the page beside a result; answers the files that it wrote. */
export async function renderFiles(file: string, options: RenderOptions = {}): Promise<string[]> {
  if (!file.endsWith('.json')) {
    throw new Failure(`expected a .json of npm run compare, received ${JSON.stringify(file)}`)
  }
  const result = await readResult(file)
  const [base, json] = [file.slice(0, -'.json'.length), basename(file)]
  const files: [path: string, text: string][] = [
    [`${base}.md`, markdownReport(result, { json })],
    [`${base}.html`, htmlReport(result, { json })],
  ]
  const { readme } = options
  if (readme !== undefined && resolve(dirname(readme), committedResults) === resolve(file)) {
    const page = withReadmeTable(await readFile(readme, 'utf8'), result)
    if (page !== undefined) files.push([readme, page])
  }
  for (const [path, text] of files) await writeFile(path, text)
  return files.map(([path]) => path)
}
