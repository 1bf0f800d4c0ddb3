import type { Script } from '../../../src/stores/redis/script.ts'

/** What stands in a script, what somebody could plausibly have written instead, and a promise that it breaks. */
export type Mistake = readonly [line: string, instead: string, breaks: string]

/** The mistakes of one script. */
export interface Mistakes {
  readonly script: Script
  readonly mistakes: readonly Mistake[]
}
