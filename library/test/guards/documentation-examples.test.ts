import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesIn, read, root } from './repository.ts'

// Each `ts` block of a page is a module of its own. One that prints is run, too.
const blocks = ['README.md', ...filesIn('docs', '.md')].flatMap((page) =>
  [...read(page).matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ''], index) => ({
    page,
    number: index + 1,
    code,
    module: `${page.replace(/\W/g, '-')}-${index + 1}`,
    promised: [...code.matchAll(/^ *console\.log\(.*\) \/\/ (.+)$/gm)].map(([, text]) => text),
  })),
)
const pagesWithExamples = [
  'README.md',
  'docs/cache-aside.md',
  'docs/read-through.md',
  'docs/write-through.md',
  'docs/write-behind.md',
  'docs/refresh-ahead.md',
]

let folder: string
let complaints: string

beforeAll(() => {
  // Below node_modules, where the packages of this workspace are found.
  const cache = join(root, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(join(cache, 'examples-'))
  for (const { module, code } of blocks) writeFileSync(join(folder, `${module}.mts`), code)
  const notOfPrograms = { composite: false, declaration: false, declarationMap: false }
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: { ...notOfPrograms, sourceMap: false, noUnusedLocals: false },
    files: blocks.map(({ module }) => `${module}.mts`),
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  complaints = run(join(root, 'node_modules/typescript/bin/tsc'), '-p', folder).stdout
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(pagesWithExamples)('%s has an example that runs', (page) => {
  const promised = blocks.filter((block) => block.page === page).flatMap((each) => each.promised)
  expect(promised.length).toBeGreaterThan(1)
})

describe.each(blocks)('example $number of $page', ({ module }) => {
  test('compiles', () => {
    const lines = complaints.split('\n')
    expect(lines.filter((line) => line.includes(`${module}.mts(`))).toEqual([])
  })
})

describe.each(blocks.filter(({ promised }) => promised.length > 0))(
  'example $number of $page',
  ({ module, promised }) => {
    test('prints what its comments say', () => {
      const { stdout, stderr, status } = run(join(folder, `${module}.mjs`))
      expect({ printed: stdout.split('\n').slice(0, -1), stderr, status }).toEqual({
        printed: promised,
        stderr: '',
        status: 0,
      })
    }, 60_000)
  },
)

function run(script: string, ...args: readonly string[]) {
  const options = { cwd: folder, encoding: 'utf8', timeout: 60_000 } as const
  return spawnSync(process.execPath, [script, ...args], options)
}
