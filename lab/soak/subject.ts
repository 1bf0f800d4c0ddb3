/** A line that a process should not have written. */
export interface Trouble {
  readonly line: string
  /** Of a log line: its message. */
  readonly message?: string
}

/** A process of the service that is soaked. */
export interface Subject {
  readonly name: string
  readonly url: string
  /** Undefined where the system does not tell: then the process itself is asked. */
  rssBytes(): Promise<number | undefined>
  /** Soon, not at once. */
  collectGarbage(): void
  readonly hasEnded: () => boolean
  /** Ends it in good order; answers everything that it should not have written, or done, since its start. */
  stop(): Promise<readonly Trouble[]>
}
