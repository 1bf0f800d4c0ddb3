import { script } from '../script.ts'
import { clock, held, put, versions } from './fragments.ts'

/** ARGV softAt, refreshMs. SETRANGE keeps the TTL. */
export const claimRefreshScript = script(
  'claimRefresh',
  `${clock}${held}
local isFree = kind == 'V' and tonumber(string.sub(held, 57, 69)) <= now
if not isFree or string.sub(held, 31, 43) ~= ARGV[1] then return 0 end
redis.call('SETRANGE', KEYS[1], 56, digits(now + ARGV[2]))
return 1
`,
)

/**
 * ARGV content, then version, storedAt and hardAt of the entry that the refresh started from. Equal
 * versions say "the same row", except those of entries without one: then only the very entry goes.
 */
export const refreshScript = script(
  'refresh',
  `${clock}${held}${versions}${put}
if kind ~= 'V' then return 'refused' end
local current = string.sub(held, 2, 17)
local isSame = string.sub(held, 18, 30) == ARGV[9] and string.sub(held, 44, 56) == ARGV[10]

if ARGV[1] == 'N' then
  if current ~= ARGV[8] or (current == none and not isSame) then return 'refused' end
  redis.call('DEL', KEYS[1])
  return 'removed'
end
local version = ARGV[2]
if version > current or (version == none and current == none and isSame) then
  return put(version, ARGV[7]) and 'replaced' or 'removed'
end
if version < current or version == none then return 'refused' end
return put(version, string.sub(held, 76)) and 'extended' or 'removed'
`,
)
