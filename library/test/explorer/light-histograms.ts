import { syncBuiltinESMExports } from 'node:module'
import perfHooks from 'node:perf_hooks'

/**
 * A cache opens five native histograms, which takes longer than a whole schedule; what they hold decides nothing.
 * To be imported before anything opens a cache.
 */
const nothing = { count: 0, record() {}, reset() {} }
Object.assign(perfHooks, { createHistogram: () => nothing })
syncBuiltinESMExports()
