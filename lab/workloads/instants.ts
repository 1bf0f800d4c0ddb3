/**
 * Milliseconds since the first of these times. Times in whole seconds say of several requests that they came within the
 * same second: they are spread over it evenly. A time before that of an earlier line counts as that one's.
 */
export function instantsOf(seconds: readonly number[]): number[] {
  const first = seconds[0] ?? 0
  let latest = first
  const ascending = seconds.map((each) => {
    latest = Math.max(latest, each)
    return latest - first
  })
  if (!seconds.every(Number.isInteger)) return ascending.map((each) => 1_000 * each)
  const inSecond = new Map<number, number>()
  for (const each of ascending) inSecond.set(each, (inSecond.get(each) ?? 0) + 1)
  const passed = new Map<number, number>()
  return ascending.map((each) => {
    const before = passed.get(each) ?? 0
    passed.set(each, before + 1)
    return 1_000 * (each + before / (inSecond.get(each) as number))
  })
}
