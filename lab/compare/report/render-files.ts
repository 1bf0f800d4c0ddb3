import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Failure } from '../../replay/failure.ts'
import { htmlReport } from './html-report.ts'
import { markdownReport } from './markdown-report.ts'
import { readResult } from './read-result.ts'
import { withReadmeTable } from './readme-table.ts'

export interface RenderOptions {
  /** A page whose table between the markers is made anew, if it has them. */
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
  const page =
    readme === undefined ? undefined : withReadmeTable(await readFile(readme, 'utf8'), result)
  if (readme !== undefined && page !== undefined) files.push([readme, page])
  for (const [path, text] of files) await writeFile(path, text)
  return files.map(([path]) => path)
}
