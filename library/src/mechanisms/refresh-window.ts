/**
 * XFetch: whether this read should refresh. The chance grows towards the soft expiry the faster
 * the longer a load takes, so that many readers seldom decide together; from the soft expiry on it is certain.
 * Source: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
 */
export function isRefreshDue(
  entry: { readonly softAt: number; readonly deltaMs: number },
  at: { readonly nowMs: number; readonly beta: number; readonly random: () => number },
): boolean {
  if (at.nowMs >= entry.softAt) return true
  if (entry.deltaMs === 0 || at.beta === 0) return false
  // 1 - random() is in (0, 1]: the logarithm is finite
  return at.nowMs - entry.deltaMs * at.beta * Math.log(1 - at.random()) >= entry.softAt
}
