import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { expect, test } from 'vitest'
import type { LedgerResult } from '../chaos/ledger/promises.ts'
import type { SubjectResult } from '../chaos/run-subject.ts'

const workspace = resolve(import.meta.dirname, '../..')

function chaos(...args: readonly string[]): Promise<{ code: number; out: string }> {
  return new Promise((done) => {
    const script = ['lab/dist/chaos/main.js', ...args]
    const options = { cwd: workspace, timeout: 150_000, killSignal: 'SIGTERM' } as const
    execFile(process.execPath, script, options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code ?? 255), out: stdout + stderr })
    })
  })
}

test('npm run chaos refuses a pattern that it does not know', async () => {
  const { code, out } = await chaos('--pattern', 'write-round')
  expect(code).toBe(2)
  expect(out).toContain('received "write-round"')
})

describeWith(['redis', 'postgres'], 'npm run chaos', () => {
  test('breaks a service on real servers as planned, and finds its promises kept', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chaos-test-'))
    try {
      const json = join(folder, 'chaos.json')
      const what = ['--pattern', 'write-through', '--seconds', '8', '--seed', '3', '--json', json]
      const { code, out } = await chaos(...what)
      expect({ code, out }).toMatchObject({ code: 0 })
      expect(out).toContain('seed 3')
      const { results } = JSON.parse(await readFile(json, 'utf8')) as { results: SubjectResult[] }
      const [{ phases, kills } = { phases: [], kills: 0 }] = results
      const happened = phases.flatMap(({ faults }) => faults).filter((f) => f.hasHappened)
      expect(happened.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          ...['flush', 'evict', 'restart-redis', 'pause redis'],
          ...['kill after-commit-before-end', 'pause process past its marks'],
        ]),
      )
      expect(kills).toBeGreaterThan(0)
      for (const { kind, reads, operations } of phases) {
        expect([kind, reads > 20, operations > reads]).toEqual([kind, true, true])
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  }, 180_000)

  test('finds that a tutorial-grade write-behind loses what it acknowledged', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chaos-test-'))
    try {
      const json = join(folder, 'chaos.json')
      const what = ['--pattern', 'naive-write-behind', '--seconds', '8', '--json', json]
      const { code, out } = await chaos(...what)
      expect({ code, out }).toMatchObject({ code: 0 })
      const { results } = JSON.parse(await readFile(json, 'utf8')) as { results: SubjectResult[] }
      const [{ ledger, violations }] = (results[0] as SubjectResult).phases as [LedgerResult]
      expect(ledger.acknowledged).toBeGreaterThan(50)
      expect(ledger.lost + ledger.resurrected).toBeGreaterThan(0)
      expect(violations.join('\n')).toMatch(/was acknowledged by naive-write-behind \d/)
    } finally {
      await rm(folder, { recursive: true })
    }
  }, 180_000)
})
