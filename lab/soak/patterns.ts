/** What a client of one pattern's service may expect. */
export interface Traits {
  /** What a `Write-Status` may say while nothing is broken. */
  readonly acknowledgements: readonly string[]
  /** Whether a taken email is refused at once: write-behind may learn of it from the database alone, later. */
  readonly knowsEmails: boolean
  /** Whether nobody sees anything older than what somebody has seen before. */
  readonly isMonotonic: boolean
}

const confirming = { acknowledgements: ['confirmed'], knowsEmails: true }

/** The services, in the order in which they are soaked. */
export const patterns: Readonly<Record<string, Traits>> = {
  'cache-aside': { ...confirming, isMonotonic: false },
  'read-through': { ...confirming, isMonotonic: false },
  'write-through': { ...confirming, isMonotonic: true },
  'write-behind': {
    acknowledgements: ['accepted', 'persisted'],
    knowsEmails: false,
    isMonotonic: true,
  },
  'refresh-ahead': { ...confirming, isMonotonic: false },
}

export const patternNames: readonly string[] = Object.keys(patterns)
