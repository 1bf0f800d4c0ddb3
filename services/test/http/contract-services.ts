import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnvironment } from '../../environment.ts'
import { buildApp } from '../../http/app.ts'
import { type PatternName, patternNames, type ServiceParts } from '../../http/port.ts'
import { type Wiring, wire } from '../../wiring.ts'
import { send } from './client.ts'
import { httpContract } from './contract.ts'
import type { RunningService, Traits } from './contract-subject.ts'

/** A mixture of stores and databases, as the environment and `/stats` say it. */
export interface Mixture {
  readonly variables: () => Promise<Readonly<Record<string, string>>>
  readonly store: 'memory' | 'redis'
  readonly source: 'pglite' | 'postgres'
}

interface Main {
  start(wiring: Wiring): Promise<ServiceParts>
}

const mains: Readonly<Record<PatternName, () => Promise<Main>>> = {
  'cache-aside': () => import('../../cache-aside/main.ts'),
  'read-through': () => import('../../read-through/main.ts'),
  'write-through': () => import('../../write-through/main.ts'),
  'write-behind': () => import('../../write-behind/main.ts'),
  'refresh-ahead': () => import('../../refresh-ahead/main.ts'),
}
const seeded = 200

/** The contract of each service, over one mixture, in this process. */
export function contractOfServices({ variables, store, source }: Mixture): void {
  let dataDir: string
  let wiring: Wiring

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'caching-patterns-'))
    const own = { DATA_DIR: dataDir, SEED_USERS: String(seeded), WRITE_DELAY: '50ms' }
    wiring = wire(readEnvironment({ ...own, ...(await variables()) }))
  })
  afterAll(async () => {
    await wiring?.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  for (const pattern of patternNames) {
    let url = ''
    httpContract(traitsOf(pattern), async (): Promise<RunningService> => {
      const { start } = await mains[pattern]()
      const app = await buildApp(await start(wiring), { admin: { isLoopback: true } })
      url = await app.listen({ host: '127.0.0.1', port: 0 })
      return {
        url,
        seeded,
        async close() {
          const { text } = await send(url, 'GET', '/stats')
          // Nothing of what went before was answered by some other mixture.
          expect(JSON.parse(text)).toMatchObject({ pattern, store, source, storeErrors: 0 })
          await app.close()
        },
      }
    })
  }

  test('the data folder holds what is embedded, and nothing else', async () => {
    const { readdir } = await import('node:fs/promises')
    expect((await readdir(dataDir)).sort()).toEqual([
      ...(store === 'memory' ? ['journal'] : []),
      ...(source === 'postgres' ? [] : ['lock', 'postgres']),
    ])
  })
}

function traitsOf(pattern: PatternName): Traits {
  return pattern === 'write-behind'
    ? { pattern, writeStatus: 'accepted', durableStatus: 'persisted', hasJournal: true }
    : { pattern, writeStatus: 'confirmed', durableStatus: 'confirmed', hasJournal: false }
}
