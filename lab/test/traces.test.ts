import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Failure } from '../replay/failure.ts'
import { traceWorkload } from '../workloads/trace-workload.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'workload-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function workload(content: string | Buffer, seed = 1) {
  const file = join(folder, 'trace')
  await writeFile(file, content)
  return traceWorkload(file, { seed })
}

describe('a trace', () => {
  test('of one key a line asks for users as they first appear', async () => {
    const trace = await workload('b\nuser:7\nb\r\n\nc\n')
    expect([...trace.operations()]).toEqual(
      [1, 2, 1, 3].map((key) => ({ kind: 'get', key, bytes: 0 })),
    )
    expect(trace.description).toEqual({
      title: 'trace trace',
      keys: 3,
      mix: { get: 1, post: 0, put: 0, delete: 0 },
      valueBytes: 0,
      seed: 1,
      requests: 4,
      notes: [],
    })
  })

  test('of CSV has the operations, keys and sizes of its lines', async () => {
    const lines = [
      '0,get,a,300',
      '0.5,GET,b,',
      '1,set,a,300',
      '2,PUT,"b,c",9000',
      '2,add,d,0',
      '3,delete,a,300',
      '10,incr,a,8',
    ]
    const trace = await workload(gzipSync(lines.join('\n')))
    expect([...trace.operations()]).toEqual([
      { kind: 'get', key: 1, bytes: 0 },
      { kind: 'get', key: 2, bytes: 0 },
      { kind: 'put', key: 1, bytes: 300 },
      { kind: 'put', key: 3, bytes: 510 },
      { kind: 'post', key: 4, bytes: 0 },
      { kind: 'delete', key: 1, bytes: 0 },
      { kind: 'put', key: 1, bytes: 150 },
    ])
    const { mix, keys, valueBytes, notes, requests } = trace.description
    expect([keys, requests, valueBytes]).toEqual([4, 7, 240])
    expect(mix).toEqual({ get: 2 / 7, post: 1 / 7, put: 3 / 7, delete: 1 / 7 })
    expect(notes).toEqual([
      'its 7 requests took 10 s; the load says how fast they are sent',
      'add became POST, which makes a user of its own: nobody reads it',
      'incr became PUT, of a whole value: there are no counters',
      'values of 2 writes are of a length that a user cannot have: the nearest was taken',
    ])
  })

  test('takes a header, which may give its columns another order', async () => {
    const trace = await workload('Key,Operation,Size,Time,Client\nx,set,200,0,c1\ny,get,,1,c2\n')
    expect([...trace.operations()]).toEqual([
      { kind: 'put', key: 1, bytes: 200 },
      { kind: 'get', key: 2, bytes: 0 },
    ])
  })

  test.each([
    ['0,get,a,1\n1,sett,b,1', 'line 2: expected one of get, gets, set,', 'received "sett"'],
    ['0,constructor,b,1', 'line 1: expected one of get', 'received "constructor"'],
    ['0,get,a,1\n\nx,get,b,1', 'line 3: expected a time in seconds', 'received "x"'],
    ['0,get,a,1\n1,get,,1', 'line 2: expected a key', 'received ""'],
    ['0,get,a,1\n1,get,b,-1', 'line 2: expected a size in bytes, or none', 'received "-1"'],
    ['0,get,a,1\n1,get,b', 'line 2: expected 4 columns, time, operation, key, size', '"1,get,b"'],
    ['key,operation\na,get', 'line 1: expected the columns time, operation, key, size', 'key'],
    ['0,get,a,1\n1,get,"b,1', 'is no CSV', 'Quote'],
    [',,,', 'line 1: expected a time in seconds', 'received ""'],
    ['time,operation,key,size\n', 'holds no request', ''],
  ])('names the line of %j that is none', async (text, expected, received) => {
    const refusal = await workload(text).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(Failure)
    expect(String(refusal)).toMatch(/^Failure: --trace: "[^\n]+$/)
    expect(String(refusal)).toContain(expected)
    expect(String(refusal)).toContain(received)
  })

  test('begins its other streams elsewhere, as the seed says, with the same requests', async () => {
    const text = Array.from({ length: 500 }, (_, key) => `k${key}`).join('\n')
    const keys = async (seed: number, stream?: number) =>
      [...(await workload(text, seed)).operations(stream)].map(({ key }) => key)
    const first = await keys(1)
    expect(await keys(2)).toEqual(first)
    expect(await keys(1, 1)).toEqual(await keys(1, 1))
    expect(await keys(1, 1)).not.toEqual(first)
    expect(await keys(1, 1)).not.toEqual(await keys(1, 2))
    expect(await keys(1, 1)).not.toEqual(await keys(2, 1))
    expect((await keys(1, 1)).sort((one, other) => one - other)).toEqual(first)
  })

  test('that comes with the lab names its source and license', async () => {
    const web07 = new URL('../workloads/web07.txt.gz', import.meta.url).pathname
    const { description } = await traceWorkload(web07, { seed: 1 })
    expect(description).toMatchObject({ keys: 20_484, requests: 76_118 })
    expect(description.source).toContain('CC BY 4.0')
  })
})
