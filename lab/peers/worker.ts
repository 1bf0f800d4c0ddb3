import type { Call, Order, Outcome, Report, Subject } from './messages.ts'
import type { PeerCache, Row } from './peer.ts'
import { peerNamed } from './peers.ts'

// A process of an application with one cache. It does what it is told, until it is ended.
const { peer, form: name, ...ports } = JSON.parse(process.argv[2] ?? '') as Subject
const form = (await peerNamed(peer)).forms.find((each) => each.name === name)
if (form === undefined) throw new RangeError(`${peer}: no form ${JSON.stringify(name)}`)

const loads = new Map<number, { resolve(row: Row): void; reject(error: Error): void }>()
let loadId = 0

function load(key: string): Promise<Row> {
  loadId += 1
  const id = loadId
  return new Promise((resolve, reject) => {
    loads.set(id, { resolve, reject })
    tell({ kind: 'load', id, key })
  })
}

// Not awaited: a call that comes before the cache is open waits for it, as it would in an application.
const opened = Promise.resolve().then(() => form.open({ ...ports, load }))
opened.catch(() => undefined)

process.on('message', (order: Order) => {
  if (order.kind === 'call') return void obey(order.id, order.call)
  if (order.kind === 'loaded') loads.get(order.id)?.resolve(order.row)
  else loads.get(order.id)?.reject(new Error(order.message))
  loads.delete(order.id)
})
process.on('disconnect', () => process.exit())
tell({ kind: 'listening' })

async function obey(id: number, call: Call): Promise<void> {
  const calls = Array.from({ length: call.times }, () => outcomeOf(call))
  tell({ kind: 'outcomes', id, outcomes: await Promise.all(calls) })
}

async function outcomeOf(call: Call): Promise<Outcome> {
  const begunAt = performance.now()
  const ms = () => performance.now() - begunAt
  try {
    const answer = await ask(await opened, call)
    return isRow(answer) ? { kind: 'row', row: answer, ms: ms() } : { kind: 'nothing', ms: ms() }
  } catch (error) {
    return { kind: 'error', message: messageOf(error), ms: ms() }
  }
}

function ask(cache: PeerCache, { method, key, row }: Call): Promise<unknown> {
  if (method === 'get') return cache.get(key)
  if (method === 'invalidate') return cache.invalidate(key)
  if (row === undefined) throw new TypeError('set: expected a row')
  return cache.set(key, row)
}

function isRow(answer: unknown): answer is Row {
  return typeof answer === 'object' && answer !== null && 'version' in answer && 'text' in answer
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

function tell(report: Report): void {
  process.send?.(report)
}
