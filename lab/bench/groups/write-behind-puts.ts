import { Failure } from '../../replay/failure.ts'
import type { Group, Subject } from '../group.ts'
import type { MeasuredProcess } from '../http/measured-process.ts'
import { requests } from '../http/requests.ts'
import { drained, putOf, startDurable, startOn } from '../http/services.ts'
import { inLanes } from '../lanes.ts'
import { shuffled } from '../measure.ts'

const users = 10_000
const connections = 64
/** On a busy machine a store may be late: a write that would not have waited for it. */
const refusedShare = 0.02
const names = { behind: 'write-behind service', through: 'write-through service' }

/**
 * What a write costs where the journal acknowledges it, and where the database does. The flush is under way
 * meanwhile; what of it is left at the end of a sample counts as CPU time, not as time.
 */
export const writeBehindPuts: Group = {
  name: 'write-behind-puts',
  title: `PUT /users/:id of ${users} users that the cache knows, ${connections} connections; appendfsync always, fsync on; CPU of the service`,
  needs: ['Redis', 'PostgreSQL'],
  scale: 8,
  async open(defer) {
    const servers = await startDurable(defer)
    const behind = await startOn(servers, 'write-behind', { users, defer })
    const through = await startOn(servers, 'write-through', { users, defer })
    const ids = Array.from({ length: users }, (_, index) => index + 1)
    const paths = shuffled(ids, Math.random).map((id) => `/users/${id}`)
    for (const service of [behind, through]) await warm(service, paths)
    const settle = async () => {
      await drained(behind)
    }
    return {
      subjects: [
        puts(names.through, through, paths),
        { ...puts(names.behind, behind, paths), settle },
      ],
      comparisons: [
        {
          ...{ measure: 'throughput-ratio', target: 3 },
          ...{ subject: names.behind, baseline: names.through },
        },
        { measure: 'p99-ratio', subject: names.behind, baseline: names.through },
        { measure: 'cpu-ratio', subject: names.behind, baseline: names.through },
      ],
    }
  },
}

async function warm(service: MeasuredProcess, paths: readonly string[]): Promise<void> {
  await inLanes(paths, connections, async (path) => {
    await (await fetch(service.url + path)).text()
  })
}

function puts(name: string, server: MeasuredProcess, paths: readonly string[]): Subject {
  let serial = 0
  return requests({
    ...{ name, server, paths, connections, refusedShare },
    ask(path) {
      serial += 1
      return putOf(path, `Bench ${serial}`)
    },
    checkAnswer(path, { ok, status }, body) {
      if (ok && body.includes('"name":')) return
      throw new Failure(`${name}: ${path}: expected a user, received ${status}, ${body}`)
    },
  })
}
