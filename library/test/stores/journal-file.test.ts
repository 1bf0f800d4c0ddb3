import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  dirty,
  foldOf,
  histories,
  openedOf,
  openFile,
  path,
  prefix,
  written,
} from './journal-file-rig.ts'
import { PretendDisk } from './pretend-disk.ts'

const header = 'caching-patterns journal 1\n'

describe('what is read back', () => {
  test('is what the changes come to, for any history, small files and restarts in between', async () => {
    const property = fc.asyncProperty(
      histories,
      fc.integer({ min: 2, max: 50 }),
      async (steps, life) => {
        let disk = new PretendDisk()
        let file = await openFile(disk, {}, 500)
        const changes = []
        for (const [index, step] of steps.entries()) {
          void file.log.append(prefix, step)
          changes.push(...step)
          if (index % 3 === 0) await turn()
          if (index % life === life - 1) {
            disk = disk.afterKill()
            file = await openFile(disk, {}, 500)
          }
          expect(openedOf(file.log, changes)).toEqual(foldOf(changes))
        }
        const last = await openFile(disk.afterKill())
        expect(openedOf(last.log, changes)).toEqual(foldOf(changes))
        expect(last.cutBytes).toBe(0)
      },
    )
    await fc.assert(property, { numRuns: 300 })
  })

  test('is told by prefix, also of those that nobody asked for in the life before', async () => {
    const disk = new PretendDisk()
    const first = await openFile(disk)
    void first.log.append('one:', [dirty('a', 1)])
    void first.log.append('two:', [dirty('b', 2)])
    await first.close()
    const second = await openFile(disk)
    void second.log.append('one:', [dirty('a', 3)])
    await second.close()
    const { log } = await openFile(disk)
    expect(log.open('one:').dirty).toEqual([dirty('a', 3)])
    expect(log.open('two:').dirty).toEqual([dirty('b', 2)])
    expect(log.open('three:')).toEqual({ dirty: [], letters: [], reservations: [], lastVersion: 0 })
  })

  test('has of a step of several changes all or none', async () => {
    const { disk } = await written([[dirty('a', 1), dirty('b', 2), dirty('c', 3)]])
    const whole = disk.bytesOf(path) as Buffer
    for (let size = header.length; size < whole.length; size++) {
      const { log } = await openFile(PretendDisk.holding(path, whole.subarray(0, size)))
      expect(log.open(prefix).dirty).toEqual([])
    }
  })
})

describe('a file that was cut short', () => {
  test('gives back the steps that are whole, at every byte, and says how much it dropped', async () => {
    const steps = [1, 2, 3, 4, 5].map((version) => [dirty('ab'[version % 2] ?? '', version)])
    const { disk, ends } = await written(steps)
    const whole = disk.bytesOf(path) as Buffer
    for (let size = 0; size <= whole.length; size++) {
      const cut = PretendDisk.holding(path, whole.subarray(0, size))
      const file = await openFile(cut)
      const count = ends.filter((end) => end <= size).length
      const changes = steps.slice(0, count).flat()
      expect(openedOf(file.log, changes), `${size} bytes`).toEqual(foldOf(changes))
      const good = ends[count - 1] ?? (size < header.length ? 0 : header.length)
      expect(file.cutBytes, `${size} bytes`).toBe(size - good)
      expect(cut.bytesOf(path)).toHaveLength(good || header.length)
      expect(file.dirtyAtOpen).toBe(Math.min(count, 2))

      void file.log.append(prefix, [dirty('c', 9)])
      const next = await openFile(cut.afterKill())
      expect(next.cutBytes).toBe(0)
      expect(openedOf(next.log)).toEqual(foldOf([...changes, dirty('c', 9)]))
    }
  })

  test('may end in zeros, or in anything that is no record', async () => {
    const { disk } = await written([[dirty('a', 1)]])
    const whole = disk.bytesOf(path) as Buffer
    for (const tail of [
      Buffer.alloc(5_000),
      Buffer.alloc(5_000, 3),
      Buffer.from('\u0000\u0000\u0000\u0004aaaa["a"'),
    ]) {
      const file = await openFile(PretendDisk.holding(path, Buffer.concat([whole, tail])))
      expect(file.log.open(prefix).dirty).toEqual([dirty('a', 1)])
      expect(file.cutBytes).toBe(tail.length)
    }
  })
})

describe('a damaged file', () => {
  test('is refused for any bit of any record but the last, in one line that says where', async () => {
    const { disk, ends } = await written([[dirty('a', 1)], [dirty('b', 2)], [dirty('c', 3)]])
    const whole = disk.bytesOf(path) as Buffer
    const [first = 0, second = 0] = ends
    for (let byte = header.length; byte < second; byte++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = flipped(whole, byte, bit)
        const begin = byte < first ? header.length : first
        const end = byte < first ? first : second
        await expect(openFile(damaged), `byte ${byte}, bit ${bit}`).rejects.toThrow(
          `journal file ${path}, byte ${begin}: expected a whole record, found damage, and whole ` +
            `records again from byte ${end} on: bring back a copy of the file, or give up what it says ` +
            `from there on (truncate -s ${begin})`,
        )
        expect(damaged.bytesOf(path)).toEqual(flipped(whole, byte, bit).bytesOf(path))
        expect(damaged.openFiles).toBe(0)
      }
    }
  })

  test('is taken for one that was cut short when the last record is what is damaged', async () => {
    const { disk, ends } = await written([[dirty('a', 1)], [dirty('b', 2)]])
    const whole = disk.bytesOf(path) as Buffer
    const [first = 0] = ends
    for (let byte = first; byte < whole.length; byte++) {
      const file = await openFile(flipped(whole, byte, byte % 8))
      expect(file.log.open(prefix).dirty).toEqual([dirty('a', 1)])
      expect(file.cutBytes).toBe(whole.length - first)
    }
  })

  test('is refused when it is of another format, or none at all', async () => {
    const of = (text: string) => openFile(PretendDisk.holding(path, Buffer.from(text)))
    await expect(of('caching-patterns journal 2\n...')).rejects.toThrow(
      /^journal file \/data\/journal\/journal\.log, byte 0: expected "caching-patterns journal 1\\n", is a journal of another format/,
    )
    await expect(of('SQLite format 3\u0000 and more of it than a header has')).rejects.toThrow(
      /is no journal: move it away, or name another folder$/,
    )
    await expect(of('SQL')).rejects.toMatchObject({ name: 'JournalFileError', path, position: 0 })
  })
})

function flipped(bytes: Buffer, byte: number, bit: number): PretendDisk {
  const damaged = Buffer.from(bytes)
  damaged[byte] = (damaged[byte] ?? 0) ^ (1 << bit)
  return PretendDisk.holding(path, damaged)
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
