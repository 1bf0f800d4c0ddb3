import type { ControlRead } from './control.ts'

/** The figures of `/stats` that a control can tell, in the form of the services. */
export function controlFigures() {
  const reads = { total: 0, hits: 0, misses: 0, stale: 0, negative: 0, bypass: 0 }
  const loads = { total: 0 }
  const writes = { total: 0 }
  return {
    /** Counts a read, and gives it back. */
    read(read: ControlRead): ControlRead {
      reads.total += 1
      if (read.from === 'hit') reads.hits += 1
      else if (read.from === 'bypass') reads.bypass += 1
      else reads.misses += 1
      if (read.from !== 'hit') loads.total += 1
      return read
    },
    /** Counts a write that was done. */
    wrote() {
      writes.total += 1
    },
    current: () => ({
      reads: { ...reads, hitRatio: reads.total === 0 ? 0 : reads.hits / reads.total },
      loads: { ...loads },
      writes: { ...writes },
    }),
  }
}
