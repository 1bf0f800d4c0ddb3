/** What a process holds at one moment, after its garbage was collected. */
export interface Holdings {
  readonly rssBytes: number
  readonly heapBytes: number
  /** What keeps its event loop busy, by kind: sockets, timers, requests. */
  readonly handles: Readonly<Record<string, number>>
  /** On `process`. */
  readonly processListeners: number
  /** On all event emitters that are alive: clients, pools, sockets, servers. */
  readonly listeners: number
  /** The most on one emitter for one event. */
  readonly mostListeners: number
}

/** Every emitter that somebody listens to is known, and is kept alive by nobody here. */
const watchingEmitters = `
  const known = new WeakSet()
  const emitters = new Set()
  for (const name of ['on', 'addListener', 'prependListener']) {
    const add = EventEmitter.prototype[name]
    EventEmitter.prototype[name] = function (...args) {
      if (!known.has(this)) {
        known.add(this)
        emitters.add(new WeakRef(this))
      }
      return add.apply(this, args)
    }
  }
  const listenersOf = (emitter) => emitter.eventNames().map((event) => emitter.listenerCount(event))
  const sum = (counts) => counts.reduce((total, count) => total + count, 0)
  const tell = () => {
    gc()
    const handles = {}
    for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1
    const counts = []
    for (const reference of emitters) {
      const emitter = reference.deref()
      if (emitter === undefined) emitters.delete(reference)
      else counts.push(...listenersOf(emitter))
    }
    const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage()
    const mostListeners = counts.reduce((most, count) => Math.max(most, count), 0)
    const processListeners = sum(listenersOf(process))
    process.send({
      rssBytes, heapBytes, handles, processListeners, listeners: sum(counts), mostListeners,
    })
  }
`

/**
 * For `node --import`: loaded into a service before its own program. Collects garbage when it is told to, ends the
 * process with this one, keeps it alive for nobody; `isCounting`: tells `Holdings` when it is asked.
 */
export function companion(isCounting: boolean): string {
  return `data:text/javascript,${encodeURIComponent(`
  import { EventEmitter } from 'node:events'
  import { setFlagsFromString } from 'node:v8'
  import { runInNewContext } from 'node:vm'
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  ${isCounting ? watchingEmitters : 'const tell = () => undefined'}
  process.on('message', (what) => (what === 'tell holdings' ? tell() : gc()))
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
`)}`
}
