import { Failure } from '../replay/failure.ts'
import type { Peer } from './peer.ts'

// A process of one peer loads none of the others.
const modules: Readonly<Record<string, () => Promise<Peer>>> = {
  'caching-patterns': async () => (await import('./caching-patterns.ts')).cachingPatterns,
  bentocache: async () => (await import('./bentocache.ts')).bentocache,
  cacheable: async () => (await import('./cacheable.ts')).cacheable,
  'cache-manager': async () => (await import('./cache-manager.ts')).cacheManager,
  'layered-loader': async () => (await import('./layered-loader.ts')).layeredLoader,
  'async-cache-dedupe': async () => (await import('./async-cache-dedupe.ts')).asyncCacheDedupe,
  cachified: async () => (await import('./cachified.ts')).cachified,
}

/** All peers, ours first. */
export const peerNames: readonly string[] = Object.keys(modules)

/** The peer of that name; a RangeError when there is none. */
export async function peerNamed(name: string): Promise<Peer> {
  const peer = await modules[name]?.()
  if (peer !== undefined) return peer
  throw new RangeError(`peer: expected ${peerNames.join(', ')}, received ${JSON.stringify(name)}`)
}

/** The peers of these names, with the forms of those names, or with all. A `Failure` when none has such a form. */
export async function chosenPeers(
  names: readonly string[],
  forms: readonly string[] | undefined,
): Promise<Peer[]> {
  const peers = await Promise.all(names.map(peerNamed))
  if (forms === undefined) return peers
  const known = new Set(peers.flatMap((peer) => peer.forms.map(({ name }) => name)))
  const unknown = forms.find((name) => !known.has(name))
  if (unknown === undefined) {
    return peers.map((peer) => ({
      ...peer,
      forms: peer.forms.filter(({ name }) => forms.includes(name)),
    }))
  }
  throw new Failure(
    `--form: expected ${[...known].join(', ')}, received ${JSON.stringify(unknown)}`,
  )
}
