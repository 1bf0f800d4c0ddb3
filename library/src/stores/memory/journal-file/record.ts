import * as zlib from 'node:zlib'
import type { Version } from '../../../contract/entry.ts'
import type { StoredDeadLetter } from '../../../contract/journal.ts'
import type { JournalChange } from '../journal-log.ts'

/** What a file begins with; the number is that of its format. */
export const fileHeader = Buffer.from('caching-patterns journal 1\n')

/** Of a record: the length of what follows, and a checksum of both; 4 bytes each, the highest first. */
export const recordHeaderBytes = 8

/**
 * No record is longer, so that none begins with a byte above 15. JSON text has no such bytes: what
 * looks like the beginning of a record is never in the middle of one.
 */
export const maxPayloadBytes = 0x0fff_ffff

/** What a file says of one prefix: changes of the journal, and versions that nothing else in it tells of any more. */
export type FileChange = JournalChange | { readonly kind: 'version'; readonly version: Version }

/** Changes of one step, which are read back all or not at all. */
export interface Step {
  readonly prefix: string
  readonly changes: readonly FileChange[]
}

/** The step as a record: `length | crc32 | ["prefix", change, ...]`. */
export function recordOf({ prefix, changes }: Step): Buffer {
  const text = `[${[JSON.stringify(prefix), ...changes.map(textOf)].join(',')}]`
  const length = Buffer.byteLength(text)
  if (length > maxPayloadBytes) {
    throw new RangeError(`journal: a step of ${length} bytes, at most ${maxPayloadBytes}`)
  }
  const record = Buffer.allocUnsafe(recordHeaderBytes + length)
  record.writeUInt32BE(length, 0)
  record.write(text, recordHeaderBytes)
  record.writeUInt32BE(checksumOf(record, record.subarray(recordHeaderBytes)), 4)
  return record
}

/** How many bytes of a record tell whether one may begin here. */
export const beginningBytes = recordHeaderBytes + 2

/** How long its payload is; `undefined`: no record begins so. */
export function payloadBytes(beginning: Buffer): number | undefined {
  const length = beginning.readUInt32BE(0)
  const isText = beginning.toString('latin1', recordHeaderBytes, beginningBytes) === '["'
  return isText && length <= maxPayloadBytes ? length : undefined
}

export function isWhole(header: Buffer, payload: Uint8Array): boolean {
  return header.readUInt32BE(4) === checksumOf(header, payload)
}

/** Throws for what is no step. */
export function stepOf(payload: Buffer): Step {
  const [prefix, ...changes] = JSON.parse(payload.toString()) as [string, ...Written[]]
  return { prefix, changes: changes.map(changeOf) }
}

/** How many bytes a change takes in a record. */
export function sizeOf(change: FileChange): number {
  return Buffer.byteLength(textOf(change)) + 1
}

function checksumOf(header: Buffer, payload: Uint8Array): number {
  // Not a named import: releases of Node without it could then not even load the store.
  return zlib.crc32(payload, zlib.crc32(header.subarray(0, 4)))
}

/** Without names of fields: they would be half of it. */
type Written =
  | readonly ['d', ...DirtyFields]
  | readonly ['c', key: string, version: Version]
  | readonly ['l', StoredDeadLetter]
  | readonly ['x', key: string]
  | readonly ['r', value: string, holder: string, stamp: number, until: number]
  | readonly ['u', value: string]
  | readonly ['v', Version]

type DirtyFields = readonly [
  key: string,
  json: string | null,
  version: Version,
  flushed: Version,
  enqueuedAt: number,
  storedAt: number,
  dueAt: number,
  isRetry: 0 | 1,
  ...frees: string[],
]

function textOf(change: FileChange): string {
  return JSON.stringify(writtenOf(change))
}

function writtenOf(change: FileChange): Written {
  switch (change.kind) {
    case 'dirty': {
      const { key, json, version, flushed, enqueuedAt, storedAt, dueAt, isRetry, frees } = change
      const retry = isRetry ? 1 : 0
      return ['d', key, json, version, flushed, enqueuedAt, storedAt, dueAt, retry, ...frees]
    }
    case 'clean':
      return ['c', change.key, change.version]
    case 'letter':
      return ['l', change.letter]
    case 'discarded':
      return ['x', change.key]
    case 'reserved':
      return ['r', change.value, change.holder, change.stamp, change.until]
    case 'unreserved':
      return ['u', change.value]
    case 'version':
      return ['v', change.version]
  }
}

function changeOf(written: Written): FileChange {
  switch (written[0]) {
    case 'd': {
      const [, key, json, version, flushed, enqueuedAt, storedAt, dueAt, retry, ...frees] = written
      const times = { enqueuedAt, storedAt, dueAt }
      return { kind: 'dirty', key, json, version, flushed, ...times, isRetry: retry === 1, frees }
    }
    case 'c':
      return { kind: 'clean', key: written[1], version: written[2] }
    case 'l':
      return { kind: 'letter', letter: written[1] }
    case 'x':
      return { kind: 'discarded', key: written[1] }
    case 'r': {
      const [, value, holder, stamp, until] = written
      return { kind: 'reserved', value, holder, stamp, until }
    }
    case 'u':
      return { kind: 'unreserved', value: written[1] }
    case 'v':
      return { kind: 'version', version: written[1] }
    default:
      throw new TypeError(`a change of an unknown kind: ${JSON.stringify(written)}`)
  }
}
