// The control without a cache: a read is a SELECT by primary key, a write is one statement, over a pool of connections with
// prepared statements. It makes no mistake: nothing is ever older than the row. What caching is worth is what it saves of this.
import type { Control } from './control.ts'
import type { UsersTable } from './users-table.ts'

/** Every read asks the database. */
export function noCache(table: UsersTable): Control {
  return {
    writeStatus: 'confirmed',
    read: async (id) => ({ user: await table.find(id), from: 'bypass' }),
    create: (draft) => table.insert(draft),
    update: (id, draft) => table.update(id, draft),
    remove: (id) => table.remove(id),
    clear: async () => undefined,
  }
}
