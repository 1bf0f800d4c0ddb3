/** How long a start waits for a server: supervisors, and people, want to know soon. */
export const answerWithinMs = 3_500

/** A server that said nothing in time. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
}

/** What kept a connection from coming about, in words that follow the server's place; `undefined` when it was the server's own answer. */
export function whyUnreachable(error: unknown, howToTrust: string): string | undefined {
  const { code = '' } = error as NodeJS.ErrnoException
  if (error instanceof NoAnswerError || code === 'ETIMEDOUT') {
    return `no answer within ${answerWithinMs / 1_000} s: check host and port, firewalls, and whether it runs`
  }
  if (code === 'ECONNREFUSED')
    return 'refuses connections: check host and port, and whether it runs'
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) return 'the host name cannot be resolved'
  if (/^E(HOST|NET)(UNREACH|DOWN)$/.test(code)) return `cannot be reached (${code})`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'its certificate is for another host name: write the one that it names'
  }
  if (/CERT|^UNABLE_TO_|_CA$|CRL/.test(code)) {
    return `its certificate is not trusted (${code}): ${howToTrust}`
  }
  return undefined
}
