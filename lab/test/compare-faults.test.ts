import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { measureKills, standardKills } from '../compare/measurements/kills.ts'
import { measureLag, quickLag } from '../compare/measurements/lag.ts'
import { measureOutages, quickOutages } from '../compare/measurements/outages.ts'
import { openStage } from '../compare/open-stage.ts'
import type { Stage } from '../compare/stage.ts'
import type { SubjectName } from '../compare/subject.ts'

const each = { round: 1, seed: 1 }

describeWith(['redis', 'postgres'], 'what breaks on real servers', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ servers: 'real' })
  }, 60_000)

  afterAll(() => stage.stop(), 30_000)

  async function lagOf(name: SubjectName): Promise<readonly number[]> {
    const terms = { users: 50, ttlMs: 60_000, writeDelayMs: 500, network: 'near' } as const
    const subject = await stage.start(name, { ...terms, processes: 2 })
    try {
      const [record] = await measureLag(subject, { ...each, ...quickLag, writes: 25 })
      return record?.lagsMs ?? []
    } finally {
      await subject.stop()
    }
  }

  test('a write that is behind lags by its delay at least, one that went through does not', async () => {
    expect(new Set(await lagOf('write-through'))).toEqual(new Set([0]))
    expect(Math.max(...(await lagOf('write-behind')))).toBeGreaterThan(400)
  }, 60_000)

  test('a kill takes acknowledged writes of a tutorial, and none of a service', async () => {
    const lostOf = async (name: SubjectName, kills: number) => {
      const records = await measureKills(stage, name, { ...each, ...standardKills, kills })
      return records.reduce((sum, { lost }) => sum + lost, 0)
    }
    expect(await lostOf('naive-write-behind', 2)).toBeGreaterThan(0)
    expect(await lostOf('read-through', 1)).toBe(0)
  }, 120_000)

  test('a service answers reads without Redis, and loses no write that it accepts without PostgreSQL', async () => {
    const outagesOf = (name: SubjectName) =>
      measureOutages(stage, name, { ...each, ...quickOutages, patienceMs: 20_000 })
    const ours = await outagesOf('write-behind')
    const [frozen, down] = [ours.redisFrozen[0], ours.postgresDown[0]]
    expect(frozen?.readsAnswered).toBe(frozen?.load.kinds.get.requests)
    expect(down?.writesAnswered).toBe(down?.load.kinds.put.requests)
    expect(down).toMatchObject({ writesLost: 0, recoveredMs: expect.any(Number) })
    const { redisFrozen, postgresDown } = await outagesOf('naive-write-behind')
    expect(redisFrozen[0]?.readsAnswered).toBe(0)
    expect(postgresDown[0]?.writesLost).toBeGreaterThan(0)
  }, 120_000)
})
