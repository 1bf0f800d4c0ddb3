import { GCProfiler, getHeapSpaceStatistics } from 'node:v8'

/**
 * Counts what is allocated on the heap of this process, as the growth of its young generation between
 * one garbage collection and the next: V8 says before and after each of them how full it is. What is
 * allocated straight in the old generation, and outside of the heap (the bytes of buffers), is not in it.
 *
 * Not beside a clock: in Node 20 each start leaves something behind that makes every collection slower, for good. An in-process
 * hit took 145 ns after one start, and 195 ns after thirty.
 */
export class AllocationMeter {
  #profiler: GCProfiler | undefined
  #bytesAtStart = 0

  /** Starts anew, whatever was counted before. */
  start(): void {
    this.#profiler?.stop()
    this.#profiler = new GCProfiler()
    this.#profiler.start()
    this.#bytesAtStart = youngBytesNow()
  }

  /** Bytes since `start`; NaN without one. */
  stop(): number {
    const bytesAtEnd = youngBytesNow()
    const collections = this.#profiler?.stop().statistics
    this.#profiler = undefined
    if (collections === undefined) return Number.NaN
    const collected = collections.map(
      ({ beforeGC, afterGC }) => youngBytes(beforeGC) - youngBytes(afterGC),
    )
    return collected.reduce((sum, bytes) => sum + bytes, bytesAtEnd - this.#bytesAtStart)
  }
}

function youngBytesNow(): number {
  return sumOf(
    getHeapSpaceStatistics().map(({ space_name, space_used_size }) => [
      space_name,
      space_used_size,
    ]),
  )
}

interface Heap {
  readonly heapSpaceStatistics: readonly {
    readonly spaceName: string
    readonly spaceUsedSize: number
  }[]
}

function youngBytes({ heapSpaceStatistics }: Heap): number {
  return sumOf(
    heapSpaceStatistics.map(({ spaceName, spaceUsedSize }) => [spaceName, spaceUsedSize]),
  )
}

/** `new_space`, and `new_large_object_space` for what does not fit a page. */
function sumOf(spaces: readonly (readonly [name: string, used: number])[]): number {
  return spaces.reduce((sum, [name, used]) => (name.startsWith('new_') ? sum + used : sum), 0)
}
