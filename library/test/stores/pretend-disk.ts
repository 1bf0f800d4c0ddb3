import type { Disk } from '../../src/stores/memory/journal-file/disk.ts'

interface Inode {
  bytes: Buffer
  /** What of it a power failure leaves. */
  synced: Buffer
}

/** What of the things that were not synced is still there after a power failure. */
export interface Survival {
  readonly names: boolean
  readonly bytes: boolean
}

/** The machine stopped here: nothing of what follows happens. */
export class Stopped extends Error {}

/** A disk in memory that tells what a stop at any moment leaves of it. */
export class PretendDisk implements Disk {
  /** Called before each operation; what it throws is how the operation fails. */
  before: (operation: keyof Disk) => void = () => undefined
  /** How many bytes a write accepts before it fails; it writes those that fit. */
  room = Number.POSITIVE_INFINITY
  syncs = 0
  mostSyncsAtOnce = 0
  readonly #names: Map<string, Inode>
  #syncedNames: Map<string, Inode>
  readonly #files = new Map<number, Inode>()
  #runningSyncs = 0
  #lastFile = 2

  constructor(names: ReadonlyMap<string, Inode> = new Map()) {
    this.#names = new Map(names)
    this.#syncedNames = new Map(names)
  }

  /** A disk with one file, as it would be there after a start. */
  static holding(path: string, bytes: Uint8Array): PretendDisk {
    return new PretendDisk(new Map([[path, inodeOf(bytes)]]))
  }

  /** What another process finds when this one was killed. */
  afterKill(): PretendDisk {
    return copied(this.#names, ({ bytes }) => bytes)
  }

  afterPowerFailure({ names, bytes }: Survival): PretendDisk {
    return copied(names ? this.#names : this.#syncedNames, (inode) =>
      bytes ? inode.bytes : inode.synced,
    )
  }

  bytesOf(path: string): Buffer | undefined {
    const inode = this.#names.get(path)
    return inode && Buffer.from(inode.bytes)
  }

  get openFiles(): number {
    return this.#files.size
  }

  makeFolder(): void {
    this.before('makeFolder')
  }

  open(path: string): number {
    this.before('open')
    const inode = this.#names.get(path) ?? inodeOf(Buffer.alloc(0), Buffer.alloc(0))
    this.#names.set(path, inode)
    this.#files.set(++this.#lastFile, inode)
    return this.#lastFile
  }

  size(file: number): number {
    this.before('size')
    return this.#inode(file).bytes.length
  }

  read(file: number, bytes: Uint8Array, position: number): number {
    this.before('read')
    return this.#inode(file).bytes.copy(bytes, 0, position)
  }

  write(file: number, bytes: Uint8Array, position: number): number {
    this.before('write')
    const inode = this.#inode(file)
    if (this.room <= 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    const fitting = bytes.subarray(0, this.room)
    this.room -= fitting.length
    const end = Math.max(inode.bytes.length, position + fitting.length)
    const grown = Buffer.alloc(end)
    grown.set(inode.bytes)
    grown.set(fitting, position)
    inode.bytes = grown
    return fitting.length
  }

  truncate(file: number, size: number): void {
    this.before('truncate')
    const inode = this.#inode(file)
    this.room += inode.bytes.length - size
    inode.bytes = Buffer.from(inode.bytes.subarray(0, size))
  }

  async sync(file: number): Promise<void> {
    this.syncs++
    this.before('sync')
    const inode = this.#inode(file)
    // Of what is written while it runs it promises nothing.
    const { bytes } = inode
    this.mostSyncsAtOnce = Math.max(this.mostSyncsAtOnce, ++this.#runningSyncs)
    await new Promise((resolve) => setImmediate(resolve))
    this.#runningSyncs--
    inode.synced = bytes
  }

  async syncFolder(): Promise<void> {
    this.before('syncFolder')
    const names = new Map(this.#names)
    await new Promise((resolve) => setImmediate(resolve))
    this.#syncedNames = names
  }

  rename(from: string, to: string): void {
    this.before('rename')
    this.#names.set(to, this.#names.get(from) as Inode)
    this.#names.delete(from)
  }

  remove(path: string): void {
    this.before('remove')
    this.#names.delete(path)
  }

  close(file: number): void {
    this.before('close')
    this.#files.delete(file)
  }

  #inode(file: number): Inode {
    const inode = this.#files.get(file)
    if (inode === undefined) throw Object.assign(new Error('not open'), { code: 'EBADF' })
    return inode
  }
}

function inodeOf(bytes: Uint8Array, synced: Uint8Array = bytes): Inode {
  return { bytes: Buffer.from(bytes), synced: Buffer.from(synced) }
}

function copied(names: ReadonlyMap<string, Inode>, left: (inode: Inode) => Buffer): PretendDisk {
  return new PretendDisk(new Map([...names].map(([name, inode]) => [name, inodeOf(left(inode))])))
}
