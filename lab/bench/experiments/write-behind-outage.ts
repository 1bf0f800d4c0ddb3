import pg from 'pg'
import { Failure } from '../../replay/failure.ts'
import { exchange } from '../../soak/exchange.ts'
import type { Experiment, Figure } from '../experiment.ts'
import type { MeasuredProcess } from '../http/measured-process.ts'
import { openLoop, quantileMs, type Shot } from '../http/open-loop.ts'
import { drained, startDurable, startOn } from '../http/services.ts'
import { inLanes } from '../lanes.ts'

const users = 5_000
const perSecond = 500
/** Every tenth write is a create. */
const createEvery = 10
const connections = 256
const patienceMs = 10_000
const seconds = {
  standard: { warmUp: 5, up: 30, down: 60 },
  quick: { warmUp: 1, up: 2, down: 4 },
}

type Kind = 'update' | 'create'

/** What an outage of the database costs whoever writes, and what is left to be done when it is over. */
export const writeBehindOutage: Experiment = {
  name: 'write-behind-outage',
  title: `PostgreSQL down for ${seconds.standard.down} s under ${perSecond} writes/s, one in ${createEvery} a create; appendfsync always, fsync on`,
  needs: ['Redis', 'PostgreSQL'],
  async run({ defer, isQuick }) {
    const servers = await startDurable(defer)
    const { postgres } = servers
    const service = await startOn(servers, 'write-behind', { users, defer })
    await inLanes(
      Array.from({ length: users }, (_, index) => 1 + index),
      64,
      async (id) => {
        await (await fetch(`${service.url}/users/${id}`)).text()
      },
    )
    const writer = new Writer(service)
    defer(() => writer.close())
    const { warmUp, up, down } = isQuick ? seconds.quick : seconds.standard
    await writer.write(warmUp)
    const withDatabase = await writer.write(up)
    await postgres.kill('SIGQUIT')
    const without = await writer.write(down)
    await postgres.restart()
    const drainMs = await drained(service)
    await checkAll(postgres.url, writer.accepted)
    const refusals = [...writer.refusals].map(([code, value]): Figure => {
      return { what: `  refused: ${code}`, value, unit: '' }
    })
    return [...figuresOf(withDatabase, without), ...refusals, drainFigure(drainMs)]
  },
}

/** Writes to one service, and keeps what it accepted. */
class Writer {
  /** The name of each user that was last accepted. */
  readonly accepted = new Map<number, string>()
  /** How often it was refused, by what it was told. */
  readonly refusals = new Map<string, number>()
  readonly #exchange: ReturnType<typeof exchange>
  #serial = 0

  constructor({ url }: MeasuredProcess) {
    this.#exchange = exchange(url, connections, patienceMs)
  }

  write(forSeconds: number): Promise<Shot<Kind>[]> {
    const send = (index: number) => (index % createEvery === 0 ? this.#create() : this.#update())
    return openLoop<Kind>({ perSecond, forMs: 1_000 * forSeconds, send })
  }

  close(): void {
    this.#exchange.close()
  }

  async #update() {
    this.#serial += 1
    const id = 1 + ((this.#serial * 7_919) % users)
    const name = `Bench ${this.#serial}`
    const body = { name, email: `user${id}@example.com` }
    const isServed = await this.#send('PUT', `/users/${id}`, body)
    if (isServed) this.accepted.set(id, name)
    return { kind: 'update' as const, isServed: isServed !== undefined }
  }

  async #create() {
    this.#serial += 1
    const name = `Bench ${this.#serial}`
    const location = await this.#send('POST', '/users', {
      ...{ name, email: `bench-${this.#serial}@example.com` },
    })
    const id = Number(/(\d+)$/.exec(location ?? '')?.[1])
    if (id > 0) this.accepted.set(id, name)
    return { kind: 'create' as const, isServed: id > 0 }
  }

  /** Answers where the user is; undefined when it was not accepted. */
  async #send(method: 'PUT' | 'POST', path: string, body: unknown): Promise<string | undefined> {
    try {
      const { status, headers, body: text } = await this.#exchange.send({ method, path, body })
      if (status < 300) return headers.location ?? path
      this.#refused(`${method} ${status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ''}`)
    } catch (error) {
      this.#refused(
        `${method} ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`,
      )
    }
    return undefined
  }

  #refused(how: string): void {
    this.refusals.set(how, (this.refusals.get(how) ?? 0) + 1)
  }
}

/** A user is written again long before the write before could be unanswered: the last one accepted is the last one. */
async function checkAll(url: string, accepted: ReadonlyMap<number, string>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const text = 'select id::int, name from write_behind.users where id = any($1::bigint[])'
    const { rows } = await client.query(text, [[...accepted.keys()]])
    const found = new Map(rows.map(({ id, name }) => [id, name]))
    const wrong = [...accepted].filter(([id, name]) => found.get(id) !== name)
    if (wrong.length === 0) return
    throw new Failure(`${wrong.length} of ${accepted.size} accepted users are not in the database`)
  } finally {
    await client.end()
  }
}

function figuresOf(up: readonly Shot<Kind>[], down: readonly Shot<Kind>[]): Figure[] {
  const all = { claim: 'at least', value: 100 } as const
  const ratio = quantileMs(down, 0.99) / quantileMs(up, 0.99)
  return [
    { what: 'accepted while it is up', value: acceptedShare(up), unit: '%' },
    { what: 'accepted while it is down', value: acceptedShare(down), unit: '%', target: all },
    { what: '  updates', value: acceptedShare(of(down, 'update')), unit: '%' },
    { what: '  creates', value: acceptedShare(of(down, 'create')), unit: '%' },
    { what: 'p99 while it is up', value: quantileMs(up, 0.99), unit: 'ms' },
    { what: 'p99 while it is down', value: quantileMs(down, 0.99), unit: 'ms' },
    {
      what: 'the second p99 by the first',
      value: ratio,
      unit: '',
      target: { claim: 'at most', value: 2 },
    },
  ]
}

function drainFigure(ms: number): Figure {
  const target = { claim: 'at most', value: 30 } as const
  return { what: 'drained after its return', value: ms / 1_000, unit: 's', target }
}

function of(shots: readonly Shot<Kind>[], kind: Kind): readonly Shot<Kind>[] {
  return shots.filter((shot) => shot.kind === kind)
}

function acceptedShare(shots: readonly Shot<Kind>[]): number {
  return (100 * shots.filter(({ isServed }) => isServed).length) / shots.length
}
