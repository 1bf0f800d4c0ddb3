import type { Disk } from './disk.ts'
import { JournalFileError } from './file-error.ts'
import {
  beginningBytes,
  fileHeader,
  isWhole,
  payloadBytes,
  recordHeaderBytes,
  type Step,
  stepOf,
} from './record.ts'

/** A file that is open. */
export interface OpenFile {
  readonly disk: Disk
  readonly file: number
  readonly path: string
}

/**
 * Gives each step of a file to `visit`, in order, and returns where the last whole record ends: what
 * is behind it is the beginning of a record whose writing was cut short. 0: not even the file's header
 * is whole. Throws a `JournalFileError` when whole records follow one that is not, and for a file that
 * is no journal of this format.
 */
export function readSteps(open: OpenFile, visit: (step: Step) => void): number {
  const bytes = new Window(open)
  if (!hasHeader(open.path, bytes)) return 0
  let position = fileHeader.length
  for (;;) {
    const payload = payloadAt(bytes, position)
    if (payload === undefined) break
    visit(decoded(open.path, position, payload))
    position += recordHeaderBytes + payload.length
  }
  const next = nextRecord(bytes, position)
  if (next === undefined) return position
  throw new JournalFileError(
    open.path,
    position,
    `expected a whole record, found damage, and whole records again from byte ${next} on: ` +
      `bring back a copy of the file, or give up what it says from there on (truncate -s ${position})`,
  )
}

function hasHeader(path: string, bytes: Window): boolean {
  const found = bytes.at(0, Math.min(fileHeader.length, bytes.size))
  if (found.equals(fileHeader)) return true
  if (found.equals(fileHeader.subarray(0, found.length))) return false
  const name = fileHeader.subarray(0, fileHeader.lastIndexOf(' ') + 1)
  const problem = found.subarray(0, name.length).equals(name)
    ? 'is a journal of another format: open it with the release that wrote it, and let that flush it'
    : 'is no journal: move it away, or name another folder'
  throw new JournalFileError(path, 0, `expected ${JSON.stringify(`${fileHeader}`)}, ${problem}`)
}

/** Of the whole record that begins here; `undefined`: none does. */
function payloadAt(bytes: Window, position: number): Buffer | undefined {
  if (position + beginningBytes > bytes.size) return undefined
  const length = payloadBytes(bytes.at(position, beginningBytes))
  const left = bytes.size - position - recordHeaderBytes
  if (length === undefined || length > left) return undefined
  const record = bytes.at(position, recordHeaderBytes + length)
  const payload = record.subarray(recordHeaderBytes)
  return isWhole(record, payload) ? payload : undefined
}

/** Where the next whole record begins behind one that is not. */
function nextRecord(bytes: Window, damagedAt: number): number | undefined {
  for (let position = damagedAt + 1; position < bytes.size; position++) {
    if (payloadAt(bytes, position) !== undefined) return position
  }
  return undefined
}

function decoded(path: string, position: number, payload: Buffer): Step {
  try {
    return stepOf(payload)
  } catch (error) {
    throw new JournalFileError(
      path,
      position,
      `expected a record of this release, found ${String(error)}: open it with the release that wrote it`,
    )
  }
}

const windowBytes = 1024 * 1024

/** A file's bytes, a part of them in memory. */
class Window {
  readonly size: number
  readonly #open: OpenFile
  #bytes = Buffer.alloc(0)
  #from = 0

  constructor(open: OpenFile) {
    this.#open = open
    this.size = open.disk.size(open.file)
  }

  /** Of bytes that are there. Valid until the next call. */
  at(position: number, length: number): Buffer {
    const offset = position - this.#from
    if (offset < 0 || offset + length > this.#bytes.length) {
      this.#load(position, Math.max(length, windowBytes))
      return this.#bytes.subarray(0, length)
    }
    return this.#bytes.subarray(offset, offset + length)
  }

  #load(position: number, length: number): void {
    const { disk, file, path } = this.#open
    const bytes = Buffer.allocUnsafe(Math.min(length, this.size - position))
    for (let done = 0; done < bytes.length; ) {
      const read = disk.read(file, bytes.subarray(done), position + done)
      if (read <= 0) throw new JournalFileError(path, position + done, 'expected more, found none')
      done += read
    }
    this.#bytes = bytes
    this.#from = position
  }
}
