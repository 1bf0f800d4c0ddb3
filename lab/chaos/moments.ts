/** What a proxy can tell from the bytes: a reply that came from a server, and is not yet passed on. */
export type Moment =
  | 'load-answered'
  | 'begin-answered'
  | 'commit-answered'
  | 'end-answered'
  | 'invalidate-answered'
  | 'del-answered'

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
} as const satisfies Record<string, readonly Moment[]>
export type Failpoint = keyof typeof failpoints
