import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { killEmbedded, type LifeResult } from '../chaos/embedded/kill.ts'

test('a write-behind service with everything embedded loses nothing acknowledged when it is killed', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'chaos-embedded-test-'))
  const lives: LifeResult[] = []
  try {
    const result = await killEmbedded({
      ...{ kills: 3, clients: 16, seed: 7, fsync: 'everysec', lifeMs: 2_000, dataDir },
      workspace: resolve(import.meta.dirname, '../..'),
      onLife: (life) => lives.push(life),
    })
    expect(result.lost).toEqual([])
    expect(result.writes).toBeGreaterThan(100)
    expect(result.deletes).toBeGreaterThan(0)
    expect(result.inDatabase).toBeGreaterThan(50)
    // It was the journal that had them.
    expect(Math.max(...lives.map(({ dirty }) => dirty))).toBeGreaterThan(20)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}, 180_000)
