import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { lastAnswerMs } from '../bench/groups/peers-stampede.ts'
import { accessTo } from '../bench/peers/access.ts'
import { aheadOf, libraries, onRedis } from '../bench/peers/contender.ts'
import { startContender } from '../bench/peers/contender-process.ts'
import { openAccess } from '../bench/peers/open-access.ts'
import { rawMemory } from '../bench/peers/raw-client.ts'
import { drawKey, rowOf } from '../bench/peers/row-of.ts'
import type { BenchResults } from '../bench/results.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-peers-'))
})
afterAll(() => rm(folder, { recursive: true }))

const keys = ['a', 'b']
const load = async (key: string) => rowOf(key)

describe('a row', () => {
  test('is the same for the same key, another for another, and of a usual size', () => {
    const [one, other] = [drawKey(), drawKey()]
    expect(rowOf(one)).toEqual(rowOf(one))
    expect(rowOf(one)).not.toEqual(rowOf(other))
    expect(JSON.stringify(rowOf(one)).length).toBeGreaterThan(120)
    expect(JSON.stringify(rowOf(one)).length).toBeLessThan(200)
  })
})

describe('the access to a library', () => {
  const plain = {
    get: load,
    invalidate: async () => undefined,
    set: async () => undefined,
  }

  test('asks one without getMany for each key at once', async () => {
    const { many, text: asText } = accessTo(plain)
    expect(many.shown(many.read(await many.call(keys)))).toEqual(keys.map(rowOf))
    expect(asText).toBeUndefined()
  })

  test('shows what one with getMany answers as rows, and its texts as they are', async () => {
    const { many, text: asText } = accessTo({
      ...plain,
      getMany: async (asked) => new Map(asked.map((key) => [key, rowOf(key)])),
      text: async (key) => ({ json: JSON.stringify(rowOf(key)) }),
    })
    expect(many.shown(many.read(await many.call(keys)))).toEqual(keys.map(rowOf))
    const read = asText?.read(await asText.call('a'))
    expect(read).toBe(JSON.stringify(rowOf('a')))
    expect(asText?.shown(read)).toEqual(rowOf('a'))
  })

  test('to the bare LRU answers what was put there', async () => {
    const { warm, value, many } = rawMemory()
    for (const key of keys) await warm(key)
    expect(await value.call('a')).toEqual(rowOf('a'))
    expect(await many.call(keys)).toEqual(keys.map(rowOf))
  })

  test('in process answers from memory in every library: one load, the right row', async () => {
    for (const { name, inProcess } of await libraries()) {
      expect(inProcess.length).toBeGreaterThan(0)
      for (const form of inProcess) {
        let loads = 0
        const counting = async (key: string) => {
          loads += 1
          return rowOf(key)
        }
        const asked = { peer: name, form: form.name, redisPort: 0, load: counting }
        const { value, warm } = await openAccess(asked)
        await warm('a')
        expect([name, await value.call('a'), loads]).toEqual([name, rowOf('a'), 1])
      }
    }
  })

  test('refuses a form that is not there', async () => {
    const asked = { peer: 'cachified', form: 'fast', redisPort: 0, load }
    await expect(openAccess(asked)).rejects.toThrow('cachified: no form "fast"')
  })
})

describe('the contenders', () => {
  test('are asked on Redis by the form that keeps entries there alone', async () => {
    const forms = (await libraries()).map(onRedis)
    expect(forms.map(({ tiers }) => tiers)).toEqual(Array(7).fill('Redis'))
    expect(forms.some(({ name }) => name.includes('tuned'))).toBe(false)
  })

  test('are all what ours has to be ahead of, but for the raw client', () => {
    const line = (peer: string) => ({ name: `${peer}!`, peer, form: '', asks: 'value' }) as const
    const lines = ['raw client', 'caching-patterns', 'bentocache'].map(line)
    expect(aheadOf(lines, 'ours')).toEqual([
      { measure: 'throughput-ratio', target: 1, subject: 'ours', baseline: 'bentocache!' },
    ])
  })

  test('of a stampede wait from the first caller of any process to the last answer in any', () => {
    const figures = [
      { startedAt: 10, endedAt: 60 },
      { startedAt: 12, endedAt: 75 },
    ]
    expect(lastAnswerMs(figures)).toBe(65)
  })
})

describe('the process of a contender', () => {
  const place = { keys: 1, inFlight: 1, redisPort: 0 }
  const assignment = { peer: 'fake', form: 'plain', asks: 'value', ...place } as const

  async function start(name: string, body: string) {
    const program = join(folder, `${name}.mjs`)
    await writeFile(program, `process.on('message', (order) => { ${body} })`)
    return startContender(
      assignment,
      (close) => onTestFinished(async () => void (await close())),
      program,
    )
  }

  test('adds up the CPU time of its runs, and says what the last one allocated', async () => {
    const figures = `{ startedAt: 0, endedAt: 1, ms: order.operations, cpuUs: 7, allocatedBytes: order.operations, loads: 0 }`
    const contender = await start('busy', `process.send({ kind: 'done', figures: ${figures} })`)
    expect((await contender.run(3)).ms).toBe(3)
    await contender.run(5)
    expect([contender.cpuUs(), contender.allocatedBytes?.()]).toEqual([14, 5])
  })

  test('fails with what it reports, and when it ends, with what it said', async () => {
    const wrong = await start('wrong', `process.send({ kind: 'failed', message: 'wrong row' })`)
    await expect(wrong.check()).rejects.toThrow('wrong row')
    const dying = await start('dying', `throw new TypeError('no more')`)
    await expect(dying.warm()).rejects.toThrow(
      /^fake, plain: its process has ended\n(?:.*\n)*TypeError: no more/,
    )
  })
})

describeWith(['redis'], 'bench of peers', () => {
  const main = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url))

  test('measures a stampede in two processes, ours with one load, and draws it', async () => {
    const args = ['peers-stampede', '--quick', '--rounds', '2', '--results', folder]
    const child = spawn(process.execPath, [main, ...args])
    const [out, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number]>,
    ])
    expect([code, errors.replaceAll(/peers-stampede \d+ %\n/g, '')]).toEqual([0, ''])
    expect(out).toMatch(/\n {2}caching-patterns +1 \(1 to 1\) /)
    expect(out).toContain('bentocache 1.')
    const [, file = '', drawn = ''] = /All samples: (\S+)\nThe chart: (\S+)\n/.exec(out) ?? []
    const results = JSON.parse(await readFile(file, 'utf8')) as BenchResults
    expect(results.groups[0]?.subjects).toHaveLength(7)
    for (const { samples } of results.groups[0]?.subjects ?? []) {
      // The load takes 50 ms.
      for (const { ms, operations } of samples) expect(ms / operations).toBeGreaterThan(49)
    }
    expect(await readFile(drawn, 'utf8')).toContain('peers-stampede: ms to the last answer')
  }, 90_000)
})
