import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { Failure } from '../replay/failure.ts'
import { progressOf } from '../replay/progress.ts'
import type { SoakArguments } from './arguments.ts'
import { patterns } from './patterns.ts'
import type { SoakResult } from './result.ts'
import { startService } from './service-process.ts'
import { soak } from './soak.ts'
import type { Subject } from './subject.ts'

const workspace = resolve(import.meta.dirname, '../../..')
const standard = { patienceMs: 10_000, drainMs: 30_000, sampleMs: 1_000 }

/** Starts the processes of one service, soaks them, and ends them. */
export async function soakPattern(
  pattern: string,
  args: SoakArguments,
  backends: Readonly<Record<string, string>>,
): Promise<SoakResult> {
  const { clients, seconds, users, seed, processes } = args
  const traits = patterns[pattern]
  if (traits === undefined) throw new Failure(`there is no pattern ${pattern}`)
  const adminToken = randomBytes(16).toString('hex')
  const environment = {
    PORT: '0',
    LOG_LEVEL: 'warn',
    SEED_USERS: String(users),
    ADMIN_TOKEN: adminToken,
    ...backends,
  }
  const subjects = await startAll(pattern, processes, environment)
  const progress = progressOf(pattern.padEnd(14), seconds)
  const onProgress = progress.update
  const what = { pattern, traits, clients, seconds, users, seed, adminToken, onProgress }
  try {
    return await soak(subjects, { ...what, ...standard })
  } finally {
    progress.stop()
  }
}

/** All at once, as they would be after a deployment; when one cannot be started, none stays. */
async function startAll(
  pattern: string,
  count: number,
  environment: Readonly<Record<string, string>>,
): Promise<Subject[]> {
  const args = ['services/dist/cli.js', pattern]
  const starting = Array.from({ length: count }, (_, index) =>
    startService({ name: `process ${index + 1}`, args, folder: workspace, environment }),
  )
  const started = await Promise.allSettled(starting)
  const failed = started.find((each) => each.status === 'rejected')
  if (failed === undefined) return Promise.all(starting)
  for (const each of started) if (each.status === 'fulfilled') await each.value.stop()
  throw failed.reason
}
