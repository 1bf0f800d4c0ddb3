import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Failure } from '../../replay/failure.ts'
import { AllocationMeter } from '../allocation.ts'
import { collectYoungGarbage } from '../garbage.ts'
import type { Subject } from '../group.ts'
import { inLanes } from '../lanes.ts'
import { shuffled } from '../measure.ts'
import { calls } from '../this-process.ts'
import type { Access, Asking } from './access.ts'
import type { Assignment, Order, Report, RunFigures } from './messages.ts'
import { openAccess } from './open-access.ts'
import { drawKey, rowOf } from './row-of.ts'

// A process of an application with one cache, which is asked for what is in it. It does what it is told, until it is ended.
const assignment = JSON.parse(process.argv[2] ?? '') as Assignment
const { peer, form, asks, inFlight, redisPort } = assignment
const name = `${peer}, ${form}`
const batchSize = 50
const warmLanes = 32
/** What a slow query takes. */
const loadMs = 50

// Stored in one order and asked for in another.
const drawn = Array.from({ length: assignment.keys }, drawKey)
const keys = shuffled(drawn, Math.random)
const allocation = new AllocationMeter()
let loads = 0
/** Since the cache is warm. */
let reads = 0
/** On a busy machine a store may be late once or twice: too few to be seen in a median. */
const mostLoads = 0.001
let isCold = false
let countsAllocation = false

async function load(key: string) {
  loads += 1
  if (isCold) await delay(loadMs)
  return rowOf(key)
}

const opened = openAccess({ peer, form, redisPort, load })
const subject = opened.then(subjectOf)
// Told to whoever asks for a run, not before.
for (const each of [opened, subject]) each.catch(() => undefined)

function subjectOf(access: Access): Subject {
  const same = { name, inFlight }
  if (asks === 'many') {
    const batches = Array.from({ length: keys.length / batchSize }, (_, index) =>
      keys.slice(index * batchSize, (index + 1) * batchSize),
    )
    return calls({ ...same, ...access.many, keys: batches, expected: (batch) => batch.map(rowOf) })
  }
  return calls({ ...same, ...asking(access), keys, expected: rowOf })
}

function asking(access: Access): Asking<string> {
  if (asks === 'value') return access.value
  if (access.text !== undefined) return access.text
  throw new Failure(`${name}: expected texts, it answers values alone`)
}

process.on('message', (order: Order) => {
  obey(order).then(tell, (error: unknown) => {
    tell({ kind: 'failed', message: error instanceof Failure ? error.message : String(error) })
  })
})
process.on('disconnect', () => process.exit())

async function obey(order: Order): Promise<Report> {
  const access = await opened
  switch (order.kind) {
    case 'warm':
      // Twice: what was stored too late the first time is loaded again.
      await inLanes([...drawn, ...drawn], warmLanes, async (key) => void (await access.warm(key)))
      loads = 0
      break
    case 'check':
      await (await subject).check()
      reads += keys.length
      if (loads <= mostLoads * reads) break
      throw new Failure(
        `${name}: expected hits alone, ${loads} of ${reads} reads were loads: is the machine busy?`,
      )
    case 'collect garbage':
      collectYoungGarbage()
      break
    case 'count allocation':
      countsAllocation = true
      break
    case 'run': {
      const { run } = await subject
      reads += order.operations * (asks === 'many' ? batchSize : 1)
      return { kind: 'done', figures: await measured(() => run(order.operations)) }
    }
    case 'stampede':
      isCold = true
      loads = 0
      return { kind: 'done', figures: await stampede(access, order) }
  }
  return { kind: 'done' }
}

async function measured(work: () => Promise<number>): Promise<RunFigures> {
  if (countsAllocation) allocation.start()
  const before = process.cpuUsage()
  const startedAt = sharedNow()
  const ms = await work()
  const endedAt = sharedNow()
  const { user, system } = process.cpuUsage(before)
  const allocatedBytes = allocation.stop()
  return { startedAt, endedAt, ms, cpuUs: user + system, allocatedBytes, loads }
}

/** All callers come in one turn of the event loop. */
async function stampede(
  { value }: Access,
  { key, callers }: { readonly key: string; readonly callers: number },
): Promise<RunFigures> {
  let answers: readonly unknown[] = []
  const figures = await measured(async () => {
    const startedAt = performance.now()
    answers = await Promise.all(Array.from({ length: callers }, () => value.call(key)))
    return performance.now() - startedAt
  })
  const expected = rowOf(key)
  const right = answers.filter((answer) => isDeepStrictEqual(value.read(answer), expected))
  if (right.length === callers) return figures
  throw new Failure(`${name}: expected ${callers} right answers, received ${right.length}`)
}

function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

function tell(report: Report): void {
  process.send?.(report)
}
