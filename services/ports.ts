import { type PatternName, patternNames } from './http/port.ts'
import { StartError } from './start-error.ts'

/** A service by its name: one of the five patterns, or the page that links to them. */
export type ServiceName = 'dashboard' | PatternName

/** All six, in the order of their ports. */
export const serviceNames: readonly ServiceName[] = ['dashboard', ...patternNames]

/** Where each service listens unless `PORT` says otherwise. */
export const defaultPorts: Readonly<Record<ServiceName, number>> = {
  dashboard: 8000,
  'cache-aside': 8001,
  'read-through': 8002,
  'write-through': 8003,
  'write-behind': 8004,
  'refresh-ahead': 8005,
}

/** What each service does, in one sentence. */
export const promises: Readonly<Record<ServiceName, string>> = {
  dashboard: 'links to the five services and shows their live figures',
  'cache-aside': 'asks the cache, loads on a miss, and invalidates after its own commit',
  'read-through': 'asks only the cache, which loads on a miss, one load at a time per key',
  'write-through': 'publishes every committed write, so that the next read is a hit',
  'write-behind': 'answers once a write is accepted; the database follows in batches',
  'refresh-ahead': 'reloads what is still read before it expires, so that nobody waits',
}

export function isServiceName(text: string): text is ServiceName {
  return (serviceNames as readonly string[]).includes(text)
}

/**
 * Where each of these services listens: at its own port, or from `first` on in the order given;
 * 0 means any free port. Throws a `StartError` when there are not enough ports after `first`.
 */
export function portsOf(
  names: readonly ServiceName[],
  first: number | undefined,
): ReadonlyMap<ServiceName, number> {
  const highest = 65_536 - names.length
  if (first !== undefined && first > highest) {
    const what = `at most ${highest} for ${names.length} services`
    throw new StartError(`PORT: expected ${what}, received "${first}"`)
  }
  const port = (name: ServiceName, index: number) =>
    first === undefined ? defaultPorts[name] : first && first + index
  return new Map(names.map((name, index) => [name, port(name, index)]))
}
