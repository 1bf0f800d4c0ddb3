import { createHash } from 'node:crypto'
import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import { type RedisClient, type RedisStore, redisStore } from 'caching-patterns/redis'
import { journalContract, type SuiteOptions, storeContract } from 'caching-patterns/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Script } from '../../src/stores/redis/script.ts'
import { invalidatingMistakes } from './redis-mistakes/invalidating.ts'
import { leasingMistakes } from './redis-mistakes/leasing.ts'
import { markingMistakes } from './redis-mistakes/marking.ts'
import { refreshingMistakes } from './redis-mistakes/refreshing.ts'
import { connect, harnessOf } from './redis-rig.ts'

const all = [...leasingMistakes, ...markingMistakes, ...invalidatingMistakes, ...refreshingMistakes]

type Client = Awaited<ReturnType<typeof connect>>

// The other half is `redis.test.ts`: the same promises are kept by the scripts as they are.
describeWith(['redis'], 'the contract catches a wrong line', () => {
  let client: Client
  beforeAll(async () => {
    client = await connect(await freshRedis())
  })
  afterAll(() => client.close())

  describe.concurrent.each(all)('in $script.name', ({ script, mistakes }) => {
    test.each(mistakes)(
      '%j written as %j: %s',
      { timeout: 60_000 },
      async (line, instead, promise) => {
        expect(script.lua).toContain(line)
        const lua = script.lua.replace(line, instead)
        const storeOf = (each: Client) => redisStore({ client: withScript(each, script, lua) })
        const kept = promise.includes('leaves a dirty')
          ? journalContract(await journaling(storeOf))
          : storeContract(harnessOf(() => storeOf(client)))
        const broken = kept.find(({ title }) => title === promise)
        await expect(broken?.run()).rejects.toMatchObject({ code: 'ERR_ASSERTION' })
      },
    )
  })
})

/** Journals are told apart by prefixes that the cases choose: each gets a database of its own. */
async function journaling(
  storeOf: (client: Client) => RedisStore,
): Promise<SuiteOptions<RedisStore>> {
  const client = await connect(await freshRedis())
  return {
    create: async () => ({
      store: storeOf(client),
      advance: () => Promise.reject(new Error('not needed')),
      close: () => client.close(),
    }),
  }
}

/** A client whose server has another text under the hash of `script`. */
function withScript<C extends RedisClient>(client: C, script: Script, lua: string): C {
  const sha = createHash('sha1').update(lua).digest('hex')
  const replaced = new Map([
    [script.sha, sha],
    [script.lua, lua],
  ])
  return new Proxy(client, {
    get(target, name) {
      const member = Reflect.get(target, name, target)
      if (name === 'on') return () => {}
      if (typeof member !== 'function') return member
      if (name !== 'sendCommand') return member.bind(target)
      return (args: readonly string[]) =>
        target.sendCommand(args.map((arg, i) => (i === 1 ? (replaced.get(arg) ?? arg) : arg)))
    },
  })
}
