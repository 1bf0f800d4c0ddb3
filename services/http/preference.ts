/** The longest that a write waits for the database: less than clients and proxies grant an answer. */
export const maxWaitSeconds = 50

/**
 * How many seconds a `Prefer` header (RFC 7240) asks to wait: of its first preference named `wait`, at most
 * `maxWaitSeconds`. `undefined` when it asks for none, or not for whole seconds: what a server does not
 * understand of preferences it ignores.
 */
export function preferredWait(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined
  for (const element of elementsOf(String(header))) {
    const [, name, token, quoted] = preference.exec(element) ?? []
    if (name?.toLowerCase() !== 'wait') continue
    const value = token ?? quoted?.replace(/\\(.)/g, '$1') ?? ''
    return /^[0-9]+$/.test(value) ? Math.min(Number(value), maxWaitSeconds) : undefined
  }
  return undefined
}

/** A name, perhaps a value, perhaps parameters, which say nothing of a wait. */
const preference =
  /^[ \t]*([\w!#$%&'*+.^`|~-]+)(?:[ \t]*=[ \t]*(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*(?:;.*)?$/

/** Of several headers Node makes one list. A comma between quotes is none of it. */
function elementsOf(header: string): readonly string[] {
  return header.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? []
}
