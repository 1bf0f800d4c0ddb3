import type { Health, PatternName } from './http/port.ts'
import { within } from './within.ts'

/** Says why a dependency cannot be used now; `undefined`: it can. */
export type Probe = () => Promise<string | undefined>

/** Less than the second that orchestrators wait for an answer. */
const answerWithinMs = 500

/**
 * A probe that answers in time, whatever its dependency does. At most one question is under way:
 * who asks meanwhile waits for its answer, and a hung server is not asked twice.
 */
export function probe(name: string, ping: () => Promise<unknown>): Probe {
  let asking: Promise<string | undefined> | undefined
  const ask = () =>
    Promise.resolve()
      .then(ping)
      .then(
        () => undefined,
        () => `${name} cannot be reached, or refuses its work`,
      )
      .finally(() => {
        asking = undefined
      })
  return () => {
    asking ??= ask()
    return within(
      answerWithinMs,
      asking,
      () => `${name} did not answer within ${answerWithinMs} ms`,
    )
  }
}

/** What a service can do when its store is away and its database is there. */
const withoutStore: Readonly<Record<PatternName, Pick<Health, 'writes'> & { words: string }>> = {
  'cache-aside': { writes: true, words: 'reads load from the database, writes are unconfirmed' },
  'read-through': { writes: true, words: 'reads load from the database, writes are unconfirmed' },
  'refresh-ahead': { writes: true, words: 'reads load from the database, writes are unconfirmed' },
  'write-through': { writes: false, words: 'reads load from the database, writes are refused' },
  'write-behind': {
    writes: false,
    words: 'reads load from the database and may be stale, writes are refused',
  },
}

export interface HealthParts {
  readonly store?: Probe | undefined
  readonly database: Probe
  /** Why the journal accepts nothing; `undefined`: it does. */
  readonly journal?: (() => string | undefined) | undefined
  /** Why what is served may be lost later, in words. */
  readonly dangers?: (() => readonly string[]) | undefined
}

/** What a service can do, by its pattern, with what its probes find. A store in the process is always there. */
export async function healthOf(pattern: PatternName, parts: HealthParts): Promise<Health> {
  const [storeTrouble, databaseTrouble] = await Promise.all([parts.store?.(), parts.database()])
  const health = withTroubles(pattern, storeTrouble, databaseTrouble)
  const journalTrouble = parts.journal?.()
  const refusing = journalTrouble === undefined ? [] : [`${journalTrouble}: writes are refused`]
  return {
    reads: health.reads,
    writes: health.writes && journalTrouble === undefined,
    reasons: [...health.reasons, ...refusing, ...(parts.dangers?.() ?? [])],
  }
}

function withTroubles(
  pattern: PatternName,
  storeTrouble: string | undefined,
  databaseTrouble: string | undefined,
): Health {
  if (storeTrouble === undefined && databaseTrouble === undefined) {
    return { reads: true, writes: true, reasons: [] }
  }
  if (storeTrouble !== undefined && databaseTrouble !== undefined) {
    return { reads: false, writes: false, reasons: [storeTrouble, databaseTrouble] }
  }
  if (databaseTrouble === undefined) {
    const { writes, words } = withoutStore[pattern]
    return { reads: true, writes, reasons: [`${storeTrouble}: ${words}`] }
  }
  const writes = pattern === 'write-behind'
  const words = writes
    ? 'hits are served and writes accepted as long as the journal has room, misses are refused'
    : 'hits are served, misses and writes are refused'
  return { reads: true, writes, reasons: [`${databaseTrouble}: ${words}`] }
}
