import type { CacheControl } from '../contract/cache.ts'
import type { StoredState } from '../contract/entry.ts'
import { InvalidArgumentError } from '../contract/errors.ts'
import type { JournalFigures } from '../contract/journal.ts'
import type { Jsonify } from '../contract/json.ts'
import type { CacheStats } from '../contract/stats.ts'
import type { Core } from './core.ts'
import type { FlushFigures } from './recorder.ts'

/** What a pattern adds to the control of its cache. */
export interface ControlParts {
  readonly refreshesAhead: boolean
  readonly journalFigures?: () => Promise<JournalFigures & FlushFigures>
  /** Runs when calls are refused, before the background work ends. */
  readonly onClose?: () => Promise<void>
}

/** What every pattern can do with the cache alone. */
export function cacheControl<Key, Value>(
  core: Core<Key>,
  parts: ControlParts,
): CacheControl<Key, Value> {
  async function peek(key: Key): Promise<Jsonify<Value> | null | undefined> {
    core.assertOpen()
    const id = core.keys.encode(key)
    if (core.invalidator.isSuspect(id)) return undefined
    let state: StoredState | undefined
    try {
      state = await core.store.get(id)
    } catch {
      // reported by the guard; nothing is known
      return undefined
    }
    if (state?.kind === 'negative') return null
    if (state?.kind !== 'value') return undefined
    return core.isFresh(state) ? (state.value as Jsonify<Value>) : undefined
  }

  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= core.close(parts.onClose)
    return closing
  }

  return {
    peek,
    async has(key) {
      const value = await peek(key)
      return value !== undefined && value !== null
    },
    async invalidate(key) {
      core.assertOpen()
      const id = core.keys.encode(key)
      const status = await core.invalidator.invalidate(id)
      core.emitter.emit({ type: 'invalidate', cache: core.settings.name, key: id })
      return status
    },
    async invalidateUpTo(key, version) {
      core.assertOpen()
      if (!Number.isSafeInteger(version) || version < 0) {
        throw new InvalidArgumentError('version', 'a safe integer of 0 or more', version)
      }
      const id = core.keys.encode(key)
      core.recorder.invalidations += 1
      await core.store.write('invalidateUpTo', (store) => store.invalidateUpTo(id, version))
      core.emitter.emit({ type: 'invalidate', cache: core.settings.name, key: id })
    },
    async clear() {
      core.assertOpen()
      await core.store.clear(core.settings.prefix)
      core.emitter.emit({ type: 'clear', cache: core.settings.name })
    },
    async stats(): Promise<CacheStats> {
      return core.recorder.snapshot({
        breaker: core.store.breakerState,
        refreshesAhead: parts.refreshesAhead,
        journal: (await parts.journalFigures?.()) ?? null,
      })
    },
    resetStats() {
      core.recorder.reset()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
