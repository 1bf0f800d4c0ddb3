import { setTimeout as delay } from 'node:timers/promises'
import type { MemorySample } from './memory.ts'
import type { Operations } from './operations.ts'
import type { Subject } from './subject.ts'

export interface Watched {
  readonly subject: Subject
  readonly operations: Operations
}

/** Between full collections a heap grows for longer than a quarter of a run; each one costs a pause. */
const samplesPerCollection = 5

/** Samples what each process holds until the signal comes; a process that is gone has no more samples. */
export async function watchMemory(
  processes: readonly Watched[],
  everyMs: number,
  signal: AbortSignal,
): Promise<readonly MemorySample[][]> {
  const samples = processes.map((): MemorySample[] => [])
  for (let round = 0; !signal.aborted; round += 1) {
    if (round % samplesPerCollection === 0) {
      for (const { subject } of processes) subject.collectGarbage()
    }
    await Promise.all(
      processes.map(async (process, index) => {
        const sample = await sampleOf(process)
        if (sample !== undefined) samples[index]?.push(sample)
      }),
    )
    await delay(everyMs, undefined, { signal }).catch(() => undefined)
  }
  return samples
}

async function sampleOf({ subject, operations }: Watched): Promise<MemorySample | undefined> {
  try {
    const [rssBytes, told] = await Promise.all([subject.rssBytes(), operations.memory()])
    return { ...told, ...(rssBytes === undefined ? {} : { rssBytes }) }
  } catch (error) {
    if (subject.hasEnded()) return undefined
    throw error
  }
}
