import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

interface Report {
  readonly testResults: { assertionResults: { fullName: string; status: string }[] }[]
}

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'run-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the tests of what is shared, on their own and without servers. */
async function run(environment: NodeJS.ProcessEnv) {
  const file = join(folder, `${Object.values(environment).join()}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', 'local-servers/test/shared.test.ts']
  const env = { ...process.env, CI: '', LOCAL_SERVERS: 'none', NO_COLOR: '1', ...environment }
  return new Promise<{ code: number | null; output: string; report: () => Report }>((resolve) => {
    const args = [...vitest, ...reporters]
    const child = execFile(process.execPath, args, { cwd: root, env }, (_, stdout, stderr) => {
      const report = () => JSON.parse(readFileSync(file, 'utf8')) as Report
      resolve({ code: child.exitCode, output: `${stdout}${stderr}`, report })
    })
  })
}

const notTested = 'NOT TESTED: Redis, Redis Cluster, PostgreSQL (LOCAL_SERVERS=none)'

describe('a run without servers', () => {
  test('shows as skipped what needs them, runs the rest, and says so last', async () => {
    const { code, output, report } = await run({})
    expect(code).toBe(0)
    expect(output.trim().split('\n').at(-1)).toBe(notTested)
    const results = report().testResults.flatMap(({ assertionResults }) => assertionResults)
    expect(Object.fromEntries(results.map(({ fullName, status }) => [fullName, status]))).toEqual({
      'freshRedis [needs redis-server] gives each caller an empty database of the one Redis':
        'skipped',
      'freshDatabase [needs PostgreSQL] gives each caller an empty database of the one PostgreSQL':
        'skipped',
      'freshPrefix is never the same': 'passed',
    })
  })

  test.each(['true', '1'])('fails with one line if CI=%s', async (CI) => {
    const { code, output } = await run({ CI })
    expect(code).toBe(1)
    expect(output.split('\n').filter((line) => line.includes(notTested))).toHaveLength(1)
    expect(output).not.toContain('passed')
  })
})
