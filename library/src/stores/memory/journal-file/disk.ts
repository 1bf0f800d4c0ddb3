import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'

/** What a journal file needs of the file system. What fails throws, or rejects. */
export interface Disk {
  makeFolder(path: string): void
  /** For reading and writing, where the caller says; made where it is missing. */
  open(path: string): number
  size(file: number): number
  /** How many bytes it read into `bytes`: fewer at the end of the file, and none behind it. */
  read(file: number, bytes: Uint8Array, position: number): number
  /** How many it wrote, which may be fewer than all. They outlive the process from here on. */
  write(file: number, bytes: Uint8Array, position: number): number
  truncate(file: number, size: number): void
  /** Data and size of it outlive a power failure from here on. */
  sync(file: number): Promise<void>
  /** So do the names in a folder. */
  syncFolder(path: string): Promise<void>
  rename(from: string, to: string): void
  /** Whether it is there or not. */
  remove(path: string): void
  close(file: number): void
}

const syncLater = promisify(fsync)

/** The file system of this machine. */
export const machineDisk: Disk = {
  makeFolder: (path) => void mkdirSync(path, { recursive: true }),
  // Its owner's alone: values of rows are in it.
  open: (path) => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600),
  size: (file) => fstatSync(file).size,
  read: (file, bytes, position) => readSync(file, bytes, 0, bytes.length, position),
  write: (file, bytes, position) => writeSync(file, bytes, 0, bytes.length, position),
  truncate: ftruncateSync,
  sync: promisify(fdatasync),
  async syncFolder(path) {
    // Where folders cannot be opened, names need no sync either.
    if (process.platform === 'win32') return
    const folder = openSync(path, constants.O_RDONLY)
    try {
      await syncLater(folder)
    } finally {
      closeSync(folder)
    }
  },
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  close: closeSync,
}

/** Writes all of it, or throws. */
export function writeAll(disk: Disk, file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const written = disk.write(file, bytes.subarray(done), position + done)
    if (written <= 0) throw new Error('nothing was written')
    done += written
  }
}
