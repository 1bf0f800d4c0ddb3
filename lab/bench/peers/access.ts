import type { PeerCache } from '../../peers/peer.ts'

/** One way to ask. `call` and `read` are what a caller does; `shown` is for comparing alone. */
export interface Asking<Item> {
  call(item: Item): Promise<unknown>
  /** What a caller does with the answer to have the value, or the text. */
  read(answer: unknown): unknown
  /** What was read, as rows. */
  shown(found: unknown): unknown
}

/** What a contender is asked through. */
export interface Access {
  /** Sees to it that the row is cached. */
  warm(key: string): Promise<unknown>
  readonly value: Asking<string>
  /** Where texts are cached, and can be had as they are. */
  readonly text?: Asking<string>
  readonly many: Asking<readonly string[]>
}

/** A library, as an application asks it. Without a call for many keys it is asked for each of them at once. */
export function accessTo(cache: PeerCache): Access {
  const { getMany, text } = cache
  return {
    warm: (key) => cache.get(key),
    value: { call: (key) => cache.get(key), read: itself, shown: itself },
    ...(text && {
      text: {
        call: text,
        read: (answer) => (answer as { readonly json?: string }).json,
        shown: (found) => JSON.parse(String(found)) as unknown,
      },
    }),
    many: {
      call: getMany ?? ((keys) => Promise.all(keys.map((key) => cache.get(key)))),
      read: itself,
      shown: (found) => (found instanceof Map ? [...found.values()] : found),
    },
  }
}

/** An answer that is what was asked for. */
export function itself(answer: unknown): unknown {
  return answer
}
