/** How often a process was ended by SIGKILL. */
export function killsText(kills: number): string {
  return kills === 1 ? 'one kill' : `${kills} kills`
}
