import { allowed } from './allowed.ts'
import type { Candidate } from './candidate.ts'
import { durationText } from './duration-text.ts'
import type { Finding } from './finding.ts'
import { killsText } from './kills-text.ts'
import type { CrashFigures } from './pattern-figures.ts'

/** How old a read was in the replay, how old one may be after a crash, and what of it was measured. */
export function stalenessFinding(candidate: Candidate, limitMs: number): Finding {
  const { figures } = candidate
  const option = '--max-staleness'
  const limit = `${option} ${allowed(limitMs)}`
  const replayed = inReplay(figures.seen)
  const bound = boundAfterCrash(candidate)
  const worstMs = Math.max(figures.seen.oldestMs, bound.ms)
  const words = `${limit}: ${replayed}; ${bound.words}`
  if (worstMs > limitMs) {
    const concession = {
      argument: `${option} ${allowed(Math.ceil(worstMs))}`,
      factor: worstMs / limitMs,
    }
    return { option, outcome: 'broken', words, concession }
  }
  if (figures.crash === undefined) return { option, outcome: 'undecided', words }
  return { option, outcome: 'holds', words }
}

function inReplay({ reads, stale, oldestMs }: Candidate['figures']['seen']): string {
  if (stale === 0) return `none of ${reads} reads of the replay was older than a confirmed write`
  return `${stale} of ${reads} reads of the replay were older than a confirmed write, by up to ${durationText(oldestMs)}`
}

/**
 * A writer that dies between its commit and the invalidation leaves the old entry in a cache that outlives it. What is seen of
 * it in a few kills is chance; that it may stay until the TTL is not.
 */
function boundAfterCrash(candidate: Candidate): { readonly ms: number; readonly words: string } {
  const { figures, settings } = candidate
  const { crash } = figures
  const { ttlMs } = settings
  const ttl = durationText(ttlMs)
  const isLeft = leavesEntries(candidate)
  if (crash === undefined) {
    return isLeft
      ? {
          ms: ttlMs,
          words: `a crash may leave an old entry for its TTL, ${ttl} (documented, not measured)`,
        }
      : { ms: 0, words: 'what a crash leaves was not measured' }
  }
  const seen = seenAfterKills(crash, settings.killTtlMs)
  if (crash.stale > 0) {
    // Beyond the TTL: what a commit, or an answer, was still on its way.
    const ms = ttlMs + Math.max(0, crash.staleForMs - settings.killTtlMs)
    return { ms, words: `${seen}; by your TTL it is up to ${durationText(ms)}` }
  }
  return isLeft
    ? { ms: ttlMs, words: `${seen}, but an old entry may stay for its TTL, ${ttl} (documented)` }
    : { ms: 0, words: seen }
}

function seenAfterKills(crash: CrashFigures, killTtlMs: number): string {
  const { kills, readsAfter, stale, staleForMs } = crash
  const after = `after ${killsText(kills)}`
  if (stale === 0) return `none of ${readsAfter} ${after} was older than the database (measured)`
  return `${stale} of ${readsAfter} ${after} were older than the database, the last ${durationText(staleForMs)} after it (measured with a TTL of ${durationText(killTtlMs)})`
}

/** By what the patterns promise; a cache in the process of its service dies with it. */
function leavesEntries({ name, servers }: Candidate): boolean {
  return servers.redis !== undefined && name !== 'write-through' && name !== 'write-behind'
}
