import { script } from '../script.ts'
import { clock } from '../scripts/fragments.ts'

/**
 * KEYS claim, a text `<stamp16><holder>`. ARGV holder, ttlMs, whether it is a renewal. Answers `T<holder>`, another has it, or
 * `H<stamp>`.
 */
export const reserveScript = script(
  'reserve',
  `${clock}
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 17) ~= ARGV[1] then return 'T' .. string.sub(held, 17) end
local stamp = string.format('%016.0f', time[1] * 1000000 + time[2])
if held and ARGV[3] == '1' then stamp = string.sub(held, 1, 16) end
redis.call('SET', KEYS[1], stamp .. ARGV[1], 'PX', ARGV[2])
return 'H' .. stamp
`,
)

/** KEYS claim. ARGV holder, stamp. */
export const unreserveScript = script(
  'unreserve',
  `
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, 17) ~= ARGV[1] or string.sub(held, 1, 16) > ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])
`,
)
