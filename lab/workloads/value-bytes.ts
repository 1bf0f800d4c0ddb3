/** How long the JSON of a user is at least: its id, its dates, an email, and a name that no other write sends. */
const least = 150
/** And at most: its name has 200 letters, each of them of two bytes. */
const most = 510

/** The nearest length of a value that a service takes. 0 stays: as long as it happens to be. */
export function takenBytes(asked: number): number {
  return asked === 0 ? 0 : Math.min(most, Math.max(least, Math.round(asked)))
}

/** What a report says of values whose length is not the one asked for. Empty: it is. */
export function notesOnBytes(asked: number): string[] {
  const bytes = takenBytes(asked)
  if (bytes === Math.round(asked)) return []
  return [
    `values of ${asked.toLocaleString('en')} bytes became ${bytes}: the JSON of a user has ${least} to ${most}`,
  ]
}
