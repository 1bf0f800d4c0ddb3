import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keptResult } from '../advise/kept-result.ts'
import { pictureOf } from '../advise/picture.ts'
import { advice } from './advice-fixture.ts'

const main = fileURLToPath(new URL('../dist/advise/main.js', import.meta.url))
const result = advice({ constraints: { dbBudget: 60 } })
let folder = ''
let kept = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'advise-'))
  kept = join(folder, 'kept.json')
  await writeFile(kept, keptResult(result))
})
afterAll(() => rm(folder, { recursive: true }))

async function advise(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args])
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ])
  return { out, errors, code }
}

describe('advise --from', () => {
  test('judges the samples of an earlier run again, by what was asked then', async () => {
    const [json, picture] = [join(folder, 'a', 'again.json'), join(folder, 'a', 'again.svg')]
    const { out, code } = await advise('--from', kept, '--json', json, '--picture', picture)
    expect(code).toBe(0)
    expect(out).toContain('asked: --db-budget 60/s')
    expect(await readFile(json, 'utf8')).toBe(await readFile(kept, 'utf8'))
    expect(await readFile(picture, 'utf8')).toBe(pictureOf(result))
  })

  test('judges them by what is asked now, and exits 3 when none satisfies', async () => {
    const { out, code } = await advise('--from', kept, '--db-budget', '49/s')
    expect(code).toBe(3)
    expect(out).toContain('asked: --db-budget 49/s')
    expect(out).toContain('None of the five satisfies all of this.')
  })

  test('says in one line what it cannot read, and exits 1', async () => {
    const { out, errors, code } = await advise('--from', join(folder, 'none.json'))
    expect([out, code]).toEqual(['', 1])
    expect(errors).toMatch(/^--from: cannot read ".*none\.json" \(ENOENT\)\n$/)
  })
})

test('advise --help shows every option', async () => {
  const { out, code } = await advise('--help')
  expect(code).toBe(0)
  for (const option of ['--trace FILE', '--max-staleness D', '--may-lose none|D', '--from FILE']) {
    expect(out).toContain(option)
  }
})
