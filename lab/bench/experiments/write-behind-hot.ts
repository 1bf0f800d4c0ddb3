import type { Experiment } from '../experiment.ts'
import { requests } from '../http/requests.ts'
import { drained, journalOf, putOf, startDurable, startOn } from '../http/services.ts'

const users = 100
const connections = 64
/** On a busy machine a store may be late: a write that would not have waited for it. */
const refusedShare = 0.02
const writes = { standard: 40_000, quick: 2_000 }

/** What coalescing saves: the same few users, written at full speed. */
export const writeBehindHot: Experiment = {
  name: 'write-behind-hot',
  title: `PUT /users/:id of ${users} users at full speed, ${connections} connections; appendfsync always, fsync on`,
  needs: ['Redis', 'PostgreSQL'],
  async run({ defer, isQuick }) {
    const servers = await startDurable(defer)
    const service = await startOn(servers, 'write-behind', { users, defer })
    let serial = 0
    const subject = requests({
      ...{ name: 'write-behind service', server: service, connections, refusedShare },
      paths: Array.from({ length: users }, (_, index) => `/users/${1 + index}`),
      ask(path) {
        serial += 1
        return putOf(path, `Bench ${serial}`)
      },
      checkAnswer: () => undefined,
    })
    await subject.run(isQuick ? writes.quick / 4 : writes.standard / 4)
    await drained(service)
    const before = await journalOf(service)
    const operations = isQuick ? writes.quick : writes.standard
    const ms = await subject.run(operations)
    await drained(service)
    const after = await journalOf(service)
    const rows = after.flushed - before.flushed
    return [
      { what: 'writes', value: Math.round((1_000 * operations) / ms), unit: '/s' },
      { what: 'rows flushed', value: rows, unit: '' },
      {
        what: 'writes a flushed row',
        value: (after.enqueued - before.enqueued) / rows,
        unit: '',
        target: { claim: 'at least', value: 20 },
      },
    ]
  },
}
