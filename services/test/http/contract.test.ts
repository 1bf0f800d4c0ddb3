import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { readEnvironment } from '../../environment.ts'
import { buildApp } from '../../http/app.ts'
import type { ServiceParts } from '../../http/port.ts'
import { type Wiring, wire } from '../../wiring.ts'
import { httpContract } from './contract.ts'
import type { RunningService, Traits } from './contract-subject.ts'

const services: readonly (Traits & { main: () => Promise<Main> })[] = [
  { pattern: 'cache-aside', ...confirming(), main: () => import('../../cache-aside/main.ts') },
  { pattern: 'read-through', ...confirming(), main: () => import('../../read-through/main.ts') },
  { pattern: 'write-through', ...confirming(), main: () => import('../../write-through/main.ts') },
  {
    pattern: 'write-behind',
    writeStatus: 'accepted',
    knowsEmails: false,
    main: () => import('../../write-behind/main.ts'),
  },
  { pattern: 'refresh-ahead', ...confirming(), main: () => import('../../refresh-ahead/main.ts') },
]
const seeded = 200

interface Main {
  start(wiring: Wiring): Promise<ServiceParts>
}

let dataDir: string
let wiring: Wiring

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'caching-patterns-'))
  const variables = { DATA_DIR: dataDir, SEED_USERS: String(seeded), WRITE_DELAY: '50ms' }
  wiring = wire(readEnvironment(variables))
})

afterAll(async () => {
  await wiring.close()
  await rm(dataDir, { recursive: true, force: true })
})

for (const { main, ...traits } of services) {
  httpContract(traits, async (): Promise<RunningService> => {
    const { start } = await main()
    const app = await buildApp(await start(wiring), { admin: { isLoopback: true } })
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    return { url, seeded, close: () => app.close() }
  })
}

function confirming() {
  return { writeStatus: 'confirmed', knowsEmails: true } as const
}
