import { script } from '../script.ts'
import { heldForWriting, versions } from './fragments.ts'

/** Marks stay, since their writers rely on them, and nobody may publish what the invalidation was about. */
export const invalidateScript = script(
  'invalidate',
  `${heldForWriting}${versions}
if kind == 'P' then
  redis.call('SETRANGE', KEYS[1], 1, poison)
elseif kind ~= 'D' then
  redis.call('DEL', KEYS[1])
end
return 1
`,
)

/** ARGV version. */
export const invalidateUpToScript = script(
  'invalidateUpTo',
  `${heldForWriting}
local isOlder = string.sub(held, 2, 17) < ARGV[1]
if kind == 'P' then
  if isOlder then redis.call('SETRANGE', KEYS[1], 1, ARGV[1]) end
elseif kind ~= 'D' and (kind ~= 'V' or isOlder) then
  redis.call('DEL', KEYS[1])
end
return 1
`,
)
