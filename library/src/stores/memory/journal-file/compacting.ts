import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Disk, writeAll } from './disk.ts'
import { type FileChange, fileHeader, recordOf, type Step } from './record.ts'

/** The file that is to be made smaller. */
export interface Compactable {
  readonly disk: Disk
  readonly path: string
  /** The name of the new file until it is whole. */
  readonly unfinishedPath: string
  /** All that the file comes to now, by prefix. */
  state(): Step[]
  file(): number
  size(): number
  /** Whether it is not worth the effort any more. */
  isOver(): boolean
  /** Runs `work` while nothing that is written is promised to outlive a power failure. */
  unpromised(work: () => Promise<void>): Promise<void>
  /** From here on this file, of that size, has the name. */
  replace(file: number, size: number): void
}

const chunkBytes = 64 * 1024

/**
 * Writes what a file comes to into a new one, and puts that in its place. Others go on writing to the
 * old one meanwhile, and the event loop is never kept for longer than 64 KiB take. Whenever the
 * process or the machine stops, one of the two has the name, and it is whole. Rejects when the new one
 * cannot be made; the old one stays then.
 */
export async function compact(old: Compactable): Promise<void> {
  const { disk, path, unfinishedPath } = old
  disk.remove(unfinishedPath)
  const file = disk.open(unfinishedPath)
  let isRenamed = false
  try {
    const copy = new Copy(old, file)
    await copy.state()
    await copy.news()
    await old.unpromised(async () => {
      // What is written from here on is promised when the new file has its name for good.
      copy.rest()
      await disk.sync(file)
      copy.rest()
      disk.rename(unfinishedPath, path)
      isRenamed = true
      old.replace(file, copy.size)
    })
  } finally {
    if (!isRenamed) {
      disk.close(file)
      disk.remove(unfinishedPath)
    }
  }
}

/** The new file: the old one's state, then what came meanwhile. */
class Copy {
  size = 0
  readonly #old: Compactable
  readonly #file: number
  /** Up to where the old file is in the new one. */
  #copied: number
  readonly #steps: Step[]

  constructor(old: Compactable, file: number) {
    this.#old = old
    this.#file = file
    this.#copied = old.size()
    this.#steps = old.state()
    this.#write(fileHeader)
  }

  async state(): Promise<void> {
    for (const { prefix, changes } of this.#steps.splice(0)) {
      for (const chunk of chunksOf(changes)) {
        this.#write(recordOf({ prefix, changes: chunk }))
        await this.#pause()
      }
    }
  }

  /** Until little is left. */
  async news(): Promise<void> {
    while (this.#old.size() - this.#copied > chunkBytes) {
      this.#copy(4 * chunkBytes)
      await this.#pause()
    }
  }

  /** All that is there: nothing can be written between this and what the caller does next. */
  rest(): void {
    while (this.#copied < this.#old.size()) this.#copy(4 * chunkBytes)
  }

  #copy(maxBytes: number): void {
    const { disk } = this.#old
    const bytes = Buffer.allocUnsafe(Math.min(maxBytes, this.#old.size() - this.#copied))
    for (let done = 0; done < bytes.length; ) {
      const read = disk.read(this.#old.file(), bytes.subarray(done), this.#copied + done)
      if (read <= 0) throw new Error(`${this.#old.path} has become shorter`)
      done += read
    }
    this.#write(bytes)
    this.#copied += bytes.length
  }

  #write(bytes: Buffer): void {
    writeAll(this.#old.disk, this.#file, bytes, this.size)
    this.size += bytes.length
  }

  async #pause(): Promise<void> {
    await nextTurn()
    if (this.#old.isOver()) throw new Error('closed')
  }
}

/** About 64 KiB each. */
function* chunksOf(changes: readonly FileChange[]): Iterable<readonly FileChange[]> {
  let from = 0
  let bytes = 0
  for (const [index, change] of changes.entries()) {
    bytes += roughBytes(change)
    if (bytes < chunkBytes && index + 1 < changes.length) continue
    yield changes.slice(from, index + 1)
    from = index + 1
    bytes = 0
  }
}

function roughBytes(change: FileChange): number {
  if (change.kind === 'dirty') return 100 + change.key.length + (change.json?.length ?? 0)
  return change.kind === 'letter' ? 300 + (change.letter.json?.length ?? 0) : 200
}
