import { expect } from 'vitest'
import { readEnvironment } from '../../environment.ts'
import type { ServiceName } from '../../ports.ts'
import { serve } from '../../serve.ts'
import { StartError } from '../../start-error.ts'
import { startServices, temporaryFolder } from './service-process.ts'

/** Everything that a process wrote, which must have ended with exit code 1 and without a stack trace. */
export async function refusal(
  names: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const process = startServices(names, { DATA_DIR: await temporaryFolder(), ...variables })
  const { code } = await process.ended
  expect(code, process.output()).toBe(1)
  expect(process.output()).not.toMatch(/^\s+at |node:internal/m)
  return process.output()
}

/** What a process would write, without one: it shows a `StartError` as it is, and everything else with a stack trace. */
export async function refusalHere(
  name: ServiceName,
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const own = { DATA_DIR: await temporaryFolder(), PORT: '0', LOG_LEVEL: 'silent' }
  const running = serve([name], readEnvironment({ ...own, ...variables }))
  const error = await running.ready.then(
    () => new Error('it has started'),
    (reason: unknown) => reason,
  )
  await running.close()
  expect(error).toBeInstanceOf(StartError)
  return `${(error as StartError).message}\n`
}
