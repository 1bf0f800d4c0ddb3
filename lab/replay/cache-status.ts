/** How a read was answered, in the words of `/stats`. */
export type ReadOutcome = 'hit' | 'miss' | 'stale' | 'negative' | 'bypass'

/**
 * What a `Cache-Status` header (RFC 9211) says of a GET that was answered with `status`; undefined
 * when it says nothing that a service of ours would. A hit past its TTL is stale; one on a 404 is
 * of an entry that knows the absence.
 */
export function outcomeOf(header: string | undefined, status: number): ReadOutcome | undefined {
  const parameters = (header ?? '')
    .split(';')
    .slice(1)
    .map((parameter) => parameter.trim())
  if (parameters.includes('fwd=bypass')) return 'bypass'
  if (parameters.includes('fwd=miss')) return 'miss'
  if (!parameters.includes('hit')) return undefined
  if (status === 404) return 'negative'
  return parameters.some((parameter) => parameter.startsWith('ttl=-')) ? 'stale' : 'hit'
}
