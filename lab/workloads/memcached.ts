import type { OperationKind } from './operation.ts'

/** What a command of memcached becomes. */
export const memcachedKinds: Readonly<Record<string, OperationKind>> = {
  get: 'get',
  gets: 'get',
  set: 'put',
  cas: 'put',
  replace: 'put',
  append: 'put',
  prepend: 'put',
  incr: 'put',
  decr: 'put',
  add: 'post',
  delete: 'delete',
}

/** Of commands that do something else than the request which they became. */
const differences: Readonly<Record<string, string>> = {
  add: 'became POST, which makes a user of its own: nobody reads it',
  append: 'became PUT, of the whole value',
  prepend: 'became PUT, of the whole value',
  incr: 'became PUT, of a whole value: there are no counters',
  decr: 'became PUT, of a whole value: there are no counters',
}

/** What of these commands a report has to say. */
export function notesOnCommands(commands: Iterable<string>): string[] {
  return [...new Set(commands)].flatMap((command) => {
    const difference = differences[command]
    return difference === undefined ? [] : [`${command} ${difference}`]
  })
}
