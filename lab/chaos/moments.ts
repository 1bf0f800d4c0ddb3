/** What a proxy can tell from the bytes: a reply that came from a server, and is not yet passed on. */
export type Moment =
  | 'load-answered'
  | 'begin-answered'
  | 'commit-answered'
  | 'end-answered'
  | 'invalidate-answered'
  | 'del-answered'
  | 'enqueue-answered'
  | 'batch-answered'
  | 'set-answered'

/** Hears of each moment, and says whether the reply may pass. */
export type MomentListener = (moment: Moment) => 'pass' | 'cut'

/** Places in a protocol at which a process is killed, by what its proxies see there. */
export const failpoints = {
  'after-load-before-fill': ['load-answered'],
  'after-begin-before-commit': ['begin-answered'],
  /** The write is durable, and no INVALIDATE or END was sent. */
  'after-commit-before-end': ['commit-answered'],
  /** The cache knows, and the client was told nothing. */
  'after-end-before-answer': ['end-answered', 'invalidate-answered', 'del-answered'],
  /** Rows are in the database, and the journal was told nothing. */
  'after-commit-before-ack': ['commit-answered'],
  /** A write is accepted, and the client was told nothing. */
  'after-enqueue-before-answer': ['enqueue-answered'],
  /** A batch is in the process's hands, and nothing of it in the database. */
  'after-claim-before-flush': ['batch-answered'],
  /** Of the control: the cache has a write, and the queue does not. */
  'after-set-before-push': ['set-answered'],
} as const satisfies Record<string, readonly Moment[]>
export type Failpoint = keyof typeof failpoints
