import type { Content } from 'caching-patterns'

/**
 * The table of states and operations once more, as string rewriting, to compare a store with:
 * `V|version|softAt|hardAt|goneAt|refreshUntil|json`, `N|version|hardAt`, `L|token|until`,
 * `P|max|token:until,...` (max `x`: poisoned), `D|version|json|enqueuedAt|dueAt` (json `-`: a delete),
 * and the empty string. Every operation returns its answer as text.
 */
export class TableModel {
  now = 1_000_000
  #states: Record<string, string> = {}
  #letters: Record<string, string> = {}
  /** When the last write of each key was accepted. */
  #acceptedAt: Record<string, number> = {}

  get(key: string): string {
    const [kind = '', version, ...rest] = this.#fields(key)
    if (kind === 'V') return `V${version} ${rest[4]} ${rest[0]} ${rest[1]} ${rest[3]}`
    if (kind === 'N') return `N${version} ${rest[0]}`
    if (kind === 'D') return rest[0] === '-' ? `N${version}*` : `V${version} ${rest[0]}*`
    return kind
  }

  acquire(key: string, token: string, leaseMs: number): string {
    const [kind, owner] = this.#fields(key)
    if (kind !== '' && !(kind === 'L' && owner === token)) return this.get(key)
    this.#states[key] = `L|${token}|${this.now + leaseMs}`
    return 'acquired'
  }

  fill(key: string, token: string, content: Content): string {
    if (!this.#owns(key, token)) return 'refused'
    this.#states[key] = this.#entry(content.json === null ? { ...content, version: 0 } : content)
    return this.get(key) === '' ? 'refused' : 'stored'
  }

  release(key: string, token: string): string {
    if (this.#owns(key, token)) this.#states[key] = ''
    return ''
  }

  begin(key: string, token: string, markMs: number): string {
    const [kind, version] = this.#fields(key)
    if (kind === 'D') return ''
    if (kind === 'P') this.#dropExpired(key)
    else this.#states[key] = `P|${kind === 'V' ? version : '0'}|`
    const [, max, marks] = this.#raw(key)
    const others = split(marks).filter((mark) => !mark.startsWith(`${token}:`))
    this.#states[key] = `P|${max}|${[...others, `${token}:${this.now + markMs}`].join()}`
    return ''
  }

  end(key: string, token: string | null, content: Content): string {
    const [kind, version] = this.#fields(key)
    const lost = token === null ? '' : ' lost'
    if (kind === '') return `absent${lost}`
    if (kind === 'D') return `kept${lost}`
    if (kind === 'V') {
      return Number(version) < content.version ? this.#publish(key, content) + lost : `kept${lost}`
    }
    if (kind === 'P') return this.#endMarked(key, token, content)
    this.#states[key] = ''
    return `removed${lost}`
  }

  abort(key: string, token: string): string {
    if (this.#fields(key)[0] === 'P') this.#leave(key, token)
    return ''
  }

  invalidate(key: string): string {
    const [kind, , marks] = this.#fields(key)
    if (kind === 'P') this.#states[key] = `P|x|${marks}`
    else if (kind !== 'D') this.#states[key] = ''
    return ''
  }

  invalidateUpTo(key: string, version: number): string {
    const [kind, current] = this.#fields(key)
    if (kind === 'P') this.#raise(key, version)
    else if (kind !== 'D' && !(kind === 'V' && Number(current) >= version)) this.#states[key] = ''
    return ''
  }

  clear(prefix: string): string {
    for (const key of Object.keys(this.#states)) if (key.startsWith(prefix)) this.invalidate(key)
    return ''
  }

  claimRefresh(key: string, softAt: number, refreshMs: number): string {
    const [kind, version, soft, hard, gone, until, json] = this.#fields(key)
    if (kind !== 'V' || Number(soft) !== softAt || Number(until) > this.now) return 'false'
    this.#states[key] = `V|${version}|${soft}|${hard}|${gone}|${this.now + refreshMs}|${json}`
    return 'true'
  }

  refresh(
    key: string,
    startedFrom: { readonly version: number; readonly isSame: boolean },
    content: Content,
  ): string {
    const [kind, current, , , , , json] = this.#fields(key)
    if (kind !== 'V') return 'refused'
    const version = Number(current)
    if (content.json === null) {
      if (version !== startedFrom.version) return 'refused'
      if (version === 0 && !startedFrom.isSame) return 'refused'
      this.#states[key] = ''
      return 'removed'
    }
    if (version > content.version) return 'refused'
    if (version === 0 && content.version === 0 && !startedFrom.isSame) return 'refused'
    const isReplaced = version < content.version || version === 0
    this.#states[key] = this.#entry({ ...content, json: isReplaced ? content.json : `${json}` })
    if (this.get(key) === '') return 'removed'
    return isReplaced ? 'replaced' : 'extended'
  }

  enqueue(key: string, json: string | null, precondition: string, delayMs: number): string {
    const [kind = '', version, ...rest] = this.#fields(key)
    const isValue =
      (kind === 'V' && Number(rest[1]) > this.now) || (kind === 'D' && rest[0] !== '-')
    const isAbsence = kind === 'N' || (kind === 'D' && rest[0] === '-')
    if (precondition !== 'any') {
      if (!isValue && !isAbsence) return 'load-first'
      if (isAbsence && precondition !== 'absent') return 'missing'
      const isMet = precondition === 'exists' || precondition === version
      if (isValue && !isMet) return `conflict ${version}`
    }
    const previous = 'VND'.includes(kind) && kind !== '' ? Number(version) : 0
    const next = Math.max(this.now * 1000, previous + 1)
    const times = kind === 'D' ? rest.slice(1) : [this.now, this.now + delayMs]
    this.#acceptedAt[key] = this.now
    this.#states[key] = `D|${next}|${json ?? '-'}|${times.join('|')}`
    return `accepted ${next}${isValue ? ' existed' : ''}${kind === 'D' ? ' coalesced' : ''}`
  }

  /** What is dirty, in no order. */
  dirty(): string[] {
    const states = Object.entries(this.#states).filter(([, state]) => state.startsWith('D'))
    return states.map(([key, state]) => `${key} ${state}`)
  }

  ack(key: string, version: number, ttlMs: number, dueAt: number): string {
    const [kind, current, json, enqueuedAt] = this.#fields(key)
    if (kind !== 'D' || Number(current) < version) return '0'
    if (Number(current) > version) {
      const acceptedAt = this.#acceptedAt[key] ?? enqueuedAt
      this.#states[key] = `D|${current}|${json}|${acceptedAt}|${dueAt}`
      return '0'
    }
    const until = this.now + ttlMs
    this.#states[key] =
      json === '-' ? `N|${version}|${until}` : `V|${version}|${until}|${until}|${until}|0|${json}`
    return '1'
  }

  restamp(key: string, version: number, theirs: number): string {
    const [kind, current, ...rest] = this.#fields(key)
    if (kind !== 'D' || Number(current) !== version) return 'false'
    this.#states[key] = `D|${Math.max(version, theirs + 1)}|${rest.join('|')}`
    return 'true'
  }

  quarantine(key: string, version: number): string {
    const [kind, current] = this.#fields(key)
    if (kind !== 'D' && this.#letters[key] === `${version}`) return 'parked'
    if (kind !== 'D' || current !== `${version}`) return 'superseded'
    this.#states[key] = ''
    this.#letters[key] = `${version}`
    return 'parked'
  }

  /** The version of a dirty key, or 0. */
  dirtyVersion(key: string): number {
    const [kind, version] = this.#fields(key)
    return kind === 'D' ? Number(version) : 0
  }

  #publish(key: string, content: Content): string {
    this.#states[key] = this.#entry(content)
    return this.get(key) === '' ? 'removed' : 'published'
  }

  #endMarked(key: string, token: string | null, content: Content): string {
    const wasAlive = this.#leave(key, token)
    const lost = token === null || wasAlive ? '' : ' lost'
    if (this.#fields(key)[0] === 'P') {
      this.#raise(key, content.version)
      return `pending${lost}`
    }
    const max = this.#left
    this.#states[key] = ''
    const isNewest = max !== 'x' && content.version >= Number(max)
    return wasAlive && isNewest ? this.#publish(key, content) : `removed${lost}`
  }

  /** The max of the marks that `#leave` found. */
  #left = ''

  #leave(key: string, token: string | null): boolean {
    this.#dropExpired(key)
    const [, max, marks] = this.#raw(key)
    const left = split(marks).filter((mark) => !mark.startsWith(`${token}:`))
    this.#left = `${max}`
    this.#states[key] = left.length === 0 ? '' : `P|${max}|${left.join()}`
    return left.length < split(marks).length
  }

  #dropExpired(key: string): void {
    const [, max, marks] = this.#raw(key)
    const left = split(marks).filter((mark) => Number(mark.split(':')[1]) > this.now)
    const isTainted = left.length < split(marks).length
    this.#states[key] = `P|${isTainted ? 'x' : max}|${left.join()}`
  }

  #raise(key: string, version: number): void {
    const [, max, marks] = this.#raw(key)
    if (max !== 'x' && Number(max) < version) this.#states[key] = `P|${version}|${marks}`
  }

  #entry({ json, version, ttlMs, softTtlMs, graceMs }: Content): string {
    const hard = this.now + ttlMs
    if (json === null) return `N|${version}|${hard}`
    return `V|${version}|${this.now + softTtlMs}|${hard}|${hard + graceMs}|0|${json}`
  }

  #owns(key: string, token: string): boolean {
    const [kind, owner] = this.#fields(key)
    return kind === 'L' && owner === token
  }

  /** The fields of a state that has not ended. */
  #fields(key: string): string[] {
    const fields = this.#raw(key)
    const ends: Record<string, string | undefined> = { V: fields[4], N: fields[2], L: fields[2] }
    const marks = split(fields[2]).map((mark) => Number(mark.split(':')[1]))
    const end = fields[0] === 'P' ? Math.max(...marks) : Number(ends[fields[0] ?? ''] ?? Infinity)
    if (end > this.now) return fields
    this.#states[key] = ''
    return ['']
  }

  #raw(key: string): string[] {
    return (this.#states[key] ?? '').split('|')
  }
}

function split(marks: string | undefined): string[] {
  return (marks ?? '').split(',').filter((mark) => mark !== '')
}
