import autocannon from 'autocannon'
import { Failure } from '../../replay/failure.ts'
import type { Subject } from '../group.ts'
import { inLanes } from '../lanes.ts'
import type { MeasuredProcess } from './measured-process.ts'

/** A subject whose operations are requests to a server: GETs, unless it is told otherwise. */
export interface Requests {
  readonly name: string
  readonly server: MeasuredProcess
  readonly paths: readonly string[]
  /** Connections, each with one request under way. */
  readonly connections: number
  /** What is sent to a path. Default: a GET. */
  ask?(path: string): Asked
  /** This share of the answers may be refusals, which count as time, not as operations. Default 0. */
  readonly refusedShare?: number
  /** Throws unless the answer to a GET is right. */
  checkAnswer(path: string, response: Response, body: string): void
}

export interface Asked {
  readonly method: 'PUT'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Makes a subject of requests. The load comes from this process, whose CPU time does not count. */
export function requests(options: Requests): Subject {
  const { name, server, paths, connections, ask, refusedShare = 0, checkAnswer } = options
  let p99Ms = Number.NaN
  return {
    name,
    worker: server,
    async run(operations) {
      const lanes = Math.min(connections, operations)
      let lane = 0
      const { result, ms } = await load({
        url: server.url,
        connections: lanes,
        amount: operations,
        setupClient: (client) => {
          const own = share(paths, lane++, lanes, operations)
          client.setRequests(own.map((path) => ({ path, ...ask?.(path) })))
        },
        // It looks that often whether it is through.
        sampleInt: 5,
      })
      const { '2xx': good, non2xx, errors } = result
      p99Ms = result.latency.p99
      const least = (1 - refusedShare) * operations
      if (good >= least && good + non2xx === operations) return (ms * operations) / good
      throw new Failure(
        `${name}: expected ${operations} answers 2xx, received ${good}, ${non2xx} others, ${errors} errors`,
      )
    },
    p99Ms: () => p99Ms,
    check: () =>
      inLanes(paths, connections, async (path) => {
        const response = await fetch(server.url + path)
        checkAnswer(path, response, await response.text())
      }),
  }
}

/** What one connection of several asks for: no two requests under way are for the same path. */
function share(paths: readonly string[], lane: number, lanes: number, operations: number) {
  const ownPaths = paths.filter((_, place) => place % lanes === lane)
  return ownPaths.slice(0, Math.ceil(operations / lanes))
}

/** `ms`: from the first answer to the last, since making ready takes a while itself. */
function load(options: autocannon.Options): Promise<{ result: autocannon.Result; ms: number }> {
  let first = 0
  let last = 0
  return new Promise((resolve, reject) => {
    const running = autocannon(options, (error: unknown, result) => {
      if (error) reject(error)
      else resolve({ result, ms: last - first })
    })
    running.on('response', () => {
      last = performance.now()
      if (first === 0) first = last
    })
  })
}
