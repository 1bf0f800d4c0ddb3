import { mkdtempSync } from 'node:fs'
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JournalChange } from 'caching-patterns/memory'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimDataDir } from '../data-dir.ts'
import { openJournalFolder, whatAPowerFailureLoses } from '../journal-folder.ts'
import { StartError } from '../start-error.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'journal-folder-'))
})
afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true })
})

const write = (key: string): JournalChange => ({
  ...{ kind: 'dirty', key, version: 1, flushed: 0, enqueuedAt: 1, storedAt: 1, dueAt: 1 },
  ...{ json: '{}', frees: [], isRetry: false },
})

test('is opened by one at a time, beside the database of the same process', async () => {
  const release = await claimDataDir(dataDir)
  const first = await openJournalFolder(dataDir, 'no')
  const error = await openJournalFolder(dataDir, 'no').catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(StartError)
  expect((error as Error).message).toMatch(
    new RegExp(
      `^DATA_DIR .*journal is in use by process ${process.pid} \\(.*\\): stop it, ` +
        'or set REDIS_URL, so that processes share a journal$',
    ),
  )
  await first.close()
  await (await openJournalFolder(dataDir, 'no')).close()
  await release()
  expect(await readdir(join(dataDir, 'journal'))).toEqual(['id', 'journal.log'])
})

test('has an id that stays, and that no other folder has', async () => {
  const ids: string[] = []
  for (const folder of [dataDir, dataDir, join(dataDir, 'other')]) {
    const opened = await openJournalFolder(folder, 'no')
    ids.push(opened.id)
    await opened.close()
  }
  expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/)
  expect(ids[1]).toBe(ids[0])
  expect(ids[2]).not.toBe(ids[0])
  await writeFile(join(dataDir, 'journal', 'id'), 'half-writ')
  const healed = await openJournalFolder(dataDir, 'no')
  expect(healed.id).toMatch(/^[0-9a-f-]{36}$/)
  expect(await readFile(join(dataDir, 'journal', 'id'), 'utf8')).toBe(healed.id)
  await healed.close()
})

test('says what was cut off its end, and what is left to be flushed', async () => {
  const first = await openJournalFolder(dataDir, 'no')
  expect(first.notices).toEqual([])
  void first.file.log.append('users:', [write('users:1')])
  await first.close()
  await appendFile(join(dataDir, 'journal', 'journal.log'), 'half a record')
  const second = await openJournalFolder(dataDir, 'no')
  expect(second.notices).toEqual([
    'the last 13 bytes of the journal were cut off: a write that a crash had interrupted, and that was not acknowledged',
    'accepted writes that an earlier process did not flush, and this one does: 1',
  ])
  await second.close()
})

test('that is damaged stops the start in one line, and is given free', async () => {
  const first = await openJournalFolder(dataDir, 'no')
  for (const key of ['users:1', 'users:2']) void first.file.log.append('users:', [write(key)])
  await first.close()
  const path = join(dataDir, 'journal', 'journal.log')
  const bytes = await readFile(path)
  bytes[40] = (bytes[40] ?? 0) ^ 1
  await writeFile(path, bytes)
  const error = await openJournalFolder(dataDir, 'no').catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(StartError)
  expect((error as Error).message).toMatch(/^journal file .*journal\.log, byte 27: [^\n]+$/)
  expect(await readdir(join(dataDir, 'journal'))).not.toContain('lock')
})

test('loses by its policy what the warning says', () => {
  expect(whatAPowerFailureLoses('always')).toEqual([])
  expect(whatAPowerFailureLoses('everysec')).toEqual([expect.stringContaining('up to 2 s')])
  expect(whatAPowerFailureLoses('no')).toEqual([expect.stringContaining('not written yet')])
})
