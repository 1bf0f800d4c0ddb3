import { readFile } from 'node:fs/promises'
import { Failure } from '../../replay/failure.ts'
import type { ComparisonResult } from '../comparison-result.ts'

/** What a run has written. Throws a `Failure` for a file that is not there, or is something else. */
export async function readResult(file: string): Promise<ComparisonResult> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`${file}: expected a result of npm run compare, received ${error.code}`)
  })
  const result = parsed(text)
  if (isResult(result)) return result
  throw new Failure(`${file}: expected a result of npm run compare, received something else`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isResult(value: unknown): value is ComparisonResult {
  const parts = ['machine', 'seed', 'workload', 'servers', 'settings', 'subjects']
  return typeof value === 'object' && value !== null && parts.every((part) => part in value)
}
