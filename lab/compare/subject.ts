/** What is compared: the five services, and three controls that do what is common instead. */
export const subjectNames = [
  'cache-aside',
  'read-through',
  'write-through',
  'write-behind',
  'refresh-ahead',
  'no-cache',
  'naive',
  'naive-write-behind',
] as const

export type SubjectName = (typeof subjectNames)[number]

export function isControl(name: SubjectName): boolean {
  return name === 'no-cache' || name.startsWith('naive')
}

/** A subject on its servers: processes that share one cache and one database. */
export interface RunningSubject {
  readonly name: SubjectName
  /** Of its processes; where a process was started again, still the same. */
  readonly urls: readonly string[]
  /**
   * Statements that its database was sent since it started, without BEGIN and COMMIT, whoever sent them but the lab.
   * A PostgreSQL that is killed or restarted counts anew.
   */
  statements(): Promise<number>
  /** Empties its cache. */
  clearCache(): Promise<void>
  /** Resolves when the database has all that was acknowledged; rejects with a `Failure` after a minute. */
  settle(): Promise<void>
  /** What the database itself holds of these users; undefined where nobody but the process can ask it (embedded). */
  readonly rows: ((ids: readonly number[]) => Promise<ReadonlyMap<number, DatabaseRow>>) | undefined
  /** SIGKILL to the process of this index. Resolves when it is gone. */
  kill(index: number): Promise<void>
  /** Starts a process in its place, on its port, and resolves when it answers. */
  restart(index: number): Promise<void>
  /** Ends all, at once. Rejects with a `Failure`, when all are gone, if one had ended by itself. */
  stop(): Promise<void>
}

/** A user as a row. */
export interface DatabaseRow {
  /** Undefined: there is no such row. */
  readonly name: string | undefined
  readonly version: number | undefined
}
