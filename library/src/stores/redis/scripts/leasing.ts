import { script } from '../script.ts'
import { clock, held, put, versions } from './fragments.ts'

/** ARGV token, leaseMs. Answers the text that stands there, or nil: acquired. */
export const acquireScript = script(
  'acquire',
  `${held}
local mine = 'L' .. ARGV[1]
if held ~= '' and held ~= mine then return held end
redis.call('SET', KEYS[1], mine, 'PX', ARGV[2])
return false
`,
)

/** ARGV content, token. Answers whether it was stored. A reader's absence carries no version: it cannot say when it was read. */
export const fillScript = script(
  'fill',
  `${clock}${held}${versions}${put}
if held ~= 'L' .. ARGV[8] then return 0 end
local version = ARGV[2]
if ARGV[1] == 'N' then version = none end
return put(version, ARGV[7]) and 1 or 0
`,
)

/** ARGV token. */
export const releaseScript = script(
  'release',
  `${held}
if held == 'L' .. ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`,
)
