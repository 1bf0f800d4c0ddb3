import type { Random } from './random.ts'

/**
 * What clients do, of 1,000 choices. Each successful write is followed by a read of the same user,
 * so that of all requests four fifths are reads, the rest updates, creates and deletes as 2 : 1 : 1.
 */
export const shares = {
  'read-popular': 495,
  'read-own': 60,
  'read-deleted': 30,
  'read-created': 50,
  /** If it is no longer as the last write left it, which it is. */
  'read-unchanged': 50,
  /** If it is no longer as an earlier write left it. */
  'read-changed': 10,
  'read-never-there': 25,
  'read-not-yet-there': 25,
  update: 60,
  'update-popular': 55,
  /** The tag is no user's: the condition holds. */
  'update-unless-tag': 5,
  create: 62,
  delete: 62,
  /** These five are refused. */
  'update-other-version': 3,
  'update-unwanted-tag': 3,
  'update-never-there': 1,
  'create-taken-email': 3,
  'delete-again': 1,
} as const satisfies Record<string, number>
export type Intent = keyof typeof shares

const wheel = Object.entries(shares).flatMap(([intent, share]) =>
  Array.from({ length: share }, () => intent as Intent),
)

export function nextIntent(random: Random): Intent {
  return wheel[Math.floor(random() * wheel.length)] as Intent
}
