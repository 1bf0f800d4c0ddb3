import { describe, expect, test } from 'vitest'
import { campaign, least, longOutageMs, stopMs } from '../chaos/ledger/campaign.ts'
import { LedgerUsers } from '../chaos/ledger/crowd.ts'
import { MemberChoice, Rests } from '../chaos/ledger/traffic.ts'
import { nameOf } from '../chaos/plan.ts'
import { subjects } from '../chaos/subjects.ts'
import { seededRandom } from '../soak/random.ts'

describe('a campaign', () => {
  const faultsOf = (seconds: number, seed = 1) => {
    const terms = { seconds, members: 3, random: seededRandom(seed) }
    const { rounds, least: asked } = campaign(subjects['write-behind'], terms)
    const steps = rounds.flatMap(({ plan }) => plan.members.flat())
    const servers = rounds.flatMap(({ plan }) => [...plan.servers])
    return { rounds, asked, steps, servers, names: [...steps, ...servers].map(nameOf) }
  }
  const count = (names: readonly string[], start: string) =>
    names.filter((name) => name.startsWith(start)).length

  test('is the same for the same seed, and another one for another', () => {
    expect(faultsOf(60)).toEqual(faultsOf(60))
    const kindsOf = (seed: number) => faultsOf(60, seed).steps.map(nameOf)
    expect(kindsOf(1)).not.toEqual(kindsOf(2))
    const serversOf = (seed: number) => faultsOf(60, seed).servers.map(nameOf)
    expect(serversOf(1)).not.toEqual(serversOf(2))
  })

  test('of a long run holds more than what is asked for, whatever the seed', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      for (const seconds of [600, 900]) {
        const { asked, names, steps, servers } = faultsOf(seconds, seed)
        expect(asked).toEqual(least)
        const kills = steps.filter(({ kind }) => kind === 'kill' || kind === 'failpoint')
        expect(kills.length).toBeGreaterThanOrEqual(least.kills)
        const afterCommit = count(names, 'kill after-commit-before-ack')
        expect(afterCommit).toBeGreaterThanOrEqual(least.killsAfterCommit)
        const stops = steps.filter((step) => step.kind === 'pause' && step.ms >= stopMs)
        expect(stops.length).toBeGreaterThan(least.stopsPastOwnership)
        expect(count(names, 'kill-postgres')).toBeGreaterThanOrEqual(least.postgresKills)
        expect(count(names, 'restart-redis')).toBeGreaterThanOrEqual(least.redisKills)
        const outages = servers.filter((step) => 'ms' in step && step.ms === longOutageMs)
        expect(outages).toHaveLength(least.postgresStopsOf30s)
      }
    }
  })

  test('of less than a minute has one phase, with a stop past the ownership and all that is done to servers', () => {
    const { rounds, asked, names } = faultsOf(45)
    expect([rounds.length, rounds[0]?.kind, asked]).toEqual([1, 'lost', undefined])
    expect(names).toEqual(
      expect.arrayContaining([
        ...['restart-redis', 'kill-postgres', 'stop-postgres', 'kill after-commit-before-ack'],
        'pause process past its ownership after-claim-before-flush',
      ]),
    )
    expect(count(names, 'pause process past its ownership')).toBe(1)
    expect(count(faultsOf(8).names, 'pause process past its ownership')).toBe(0)
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      expect(faultsOf(8, seed).names).toEqual(
        expect.arrayContaining([
          ...['restart-redis', 'kill-postgres', 'kill after-commit-before-ack'],
        ]),
      )
    }
  })

  test('kills Redis in every other phase alone', () => {
    for (const { kind, plan } of faultsOf(900).rounds) {
      const kills = plan.servers.filter((step) => step.kind === 'restart-redis')
      expect(kills).toHaveLength(kind === 'lost' ? 1 : 0)
    }
  })

  test('asks no process for more than fits into its phase', () => {
    for (const { seconds, plan } of faultsOf(900).rounds) {
      for (const lane of plan.members) {
        const pauses = lane.filter((step) => step.kind === 'pause').map(({ ms }) => ms)
        const gaps = lane.length * (plan.gapMs?.members ?? 0)
        const spent = pauses.reduce((sum, ms) => sum + ms, gaps)
        expect(spent).toBeLessThan(seconds * 1_000)
      }
    }
  })
})

describe('the users of a ledger', () => {
  const crowd = { hot: 2, tail: 2, awkward: 1 }
  const drawn = (draw: () => number | undefined) =>
    new Set(Array.from({ length: 800 }, draw).filter((id) => id !== undefined))

  test('are written as what they are: quiet ones once, awkward ones by their borrower alone', () => {
    const random = seededRandom(1)
    const users = new LedgerUsers([1, 2, 3, 4, 5, 6], crowd)
    expect(drawn(() => users.toWrite(random))).toEqual(new Set([1, 2, 3, 4]))
    expect([users.borrowAwkward(), users.borrowAwkward()]).toEqual([5, undefined])
    users.giveBack(5)
    expect(users.borrowAwkward()).toBe(5)
    expect([users.toWriteOnce(), users.toWriteOnce()]).toEqual([6, undefined])
    expect(drawn(() => users.toRead(random))).toEqual(new Set([1, 2, 3, 4, 6]))
  })

  test('are deleted for good, and hot ones have successors', () => {
    const random = seededRandom(1)
    const users = new LedgerUsers([1, 2, 3, 4, 5], { ...crowd, hot: 3, tail: 1 })
    const deleted = drawn(() => users.toDelete(random))
    // Two hot ones stay; there were no new ones.
    expect(deleted.size).toBe(1)
    users.created(9)
    expect(drawn(() => users.toWrite(random)).has(9)).toBe(true)
    // It is no new one.
    expect(users.toDelete(() => 0.3)).toBeUndefined()
    users.created(10)
    expect(drawn(() => users.toDelete(random))).toContain(10)
    expect(drawn(() => users.toWrite(random)).has(10)).toBe(false)
    expect(drawn(() => users.toRead(random)).has(10)).toBe(true)
  })
})

describe('the clients of a ledger', () => {
  test('leave a process alone for a moment that did not answer, unless none is left', () => {
    const choice = new MemberChoice([{}, {}] as never)
    const random = seededRandom(1)
    const picked = () => new Set(Array.from({ length: 50 }, () => choice.pick(random)))
    expect(picked()).toEqual(new Set([0, 1]))
    choice.hasFailed(0)
    expect(picked()).toEqual(new Set([1]))
    choice.hasFailed(1)
    expect(picked()).toEqual(new Set([0, 1]))
  })

  test('do not repeat at once what was not served', async () => {
    const rests = new Rests()
    const done: string[] = []
    const work = (name: string, isServed: boolean) => async () => {
      done.push(name)
      return isServed
    }
    await rests.unlessResting('create', work('one', true))
    await rests.unlessResting('create', work('two', false))
    await rests.unlessResting('create', work('three', true))
    await rests.unlessResting('load', work('four', true))
    expect(done).toEqual(['one', 'two', 'four'])
  })
})
