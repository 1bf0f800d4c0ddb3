import { script } from '../script.ts'
import { clock, versions } from '../scripts/fragments.ts'
import { sizing } from './layout.ts'

/**
 * KEYS entry, dirty, since, bytes, dlq, newer, frees, alive, usual. ARGV rest, deadlineAt, delayMs, maxKeys, maxBytes,
 * operation and payload, urgent, frees. `accept()` makes the key dirty, and answers `A<existed><coalesced><version>`, or a
 * letter: there is no room.
 *
 * What it gives up is added to what the key has given up since it was clean last. `alive` is set once, and kept when the
 * partition is empty: another one, or none, says that somebody wiped the values with their index.
 */
const accepting = `${clock}${versions}${sizing}
if now > tonumber(ARGV[2]) then return 'E' end
local head = redis.call('GETRANGE', KEYS[1], 0, 59)
local kind = string.sub(head, 1, 1)
local isDirty = kind == 'D'
local previous = none
local known
if isDirty then
  known = string.sub(head, 60, 60)
elseif kind == 'V' and tonumber(string.sub(head, 44, 56)) > now then
  known = 'U'
elseif kind == 'N' then
  known = 'X'
end
if isDirty or kind == 'V' or kind == 'N' then previous = string.sub(head, 2, 17) end

local function giveUp()
  if ARGV[8] == '' then return end
  local given = redis.call('HGET', KEYS[7], ARGV[1])
  local all = given or ''
  for value in string.gmatch(ARGV[8], '[^\\n]+') do
    if not string.find('\\n' .. all .. '\\n', '\\n' .. value .. '\\n', 1, true) then
      all = all == '' and value or all .. '\\n' .. value
    end
  end
  if all ~= given then redis.call('HSET', KEYS[7], ARGV[1], all) end
end

local function accept()
  -- as text, as the server says it: formatting the numbers would be a tenth of what the script costs
  local us = string.sub('00000' .. time[2], -6)
  local version = time[1] .. us
  if version <= previous then version = string.format('%016.0f', previous + 1) end
  local storedAt = time[1] .. string.sub(us, 1, 3)
  local enqueuedAt = isDirty and string.sub(head, 31, 43) or storedAt
  local flushed = isDirty and string.sub(head, 44, 59) or none
  local entry = 'D' .. version .. storedAt .. enqueuedAt .. flushed .. ARGV[6]
  local isUrgent = ARGV[7] == '1'

  if isDirty then
    local growth = #entry - redis.call('STRLEN', KEYS[1])
    if growth ~= 0 then redis.call('INCRBY', KEYS[4], growth) end
    if isUrgent and redis.call('ZADD', KEYS[2], 'XX', 'LT', 'CH', storedAt, ARGV[1]) == 1 then
      redis.call('ZADD', KEYS[3], enqueuedAt, ARGV[1])
    end
  else
    local size = sizeOf(KEYS[1], #entry)
    local count = redis.call('ZCARD', KEYS[2])
    if count >= tonumber(ARGV[4]) then return 'K' end
    local sums = redis.call('MGET', KEYS[4], KEYS[9])
    if tonumber(sums[1] or 0) + size > tonumber(ARGV[5]) then return 'B' end
    local dueAt = isUrgent and now or now + tonumber(ARGV[3])
    redis.call('ZADD', KEYS[2], 'NX', digits(dueAt), ARGV[1])
    if count == 0 then
      redis.call('SET', KEYS[8], version, 'NX')
      redis.call('SET', KEYS[9], ARGV[3])
    end
    if isUrgent or (count > 0 and sums[2] ~= ARGV[3]) then
      redis.call('ZADD', KEYS[3], storedAt, ARGV[1])
    end
    redis.call('INCRBY', KEYS[4], size)
  end
  redis.call('SET', KEYS[1], entry)
  giveUp()
  return 'A' .. (known == 'U' and '1' or '0') .. (isDirty and '1' or '0') .. version
end
`

/** ARGV also precondition. Answers also `C<version>`, and letters for what the precondition refuses. A dead letter of the key is superseded. */
export const enqueueScript = script(
  'enqueue',
  `${accepting}
local precondition = ARGV[9]
if precondition ~= 'any' then
  if not known then return 'L' end
  if known == 'X' then
    if precondition ~= 'absent' then return 'M' end
  elseif precondition ~= 'exists' and precondition ~= string.sub(head, 2, 17) then
    return 'C' .. string.sub(head, 2, 17)
  end
end
local answer = accept()
if string.sub(answer, 1, 1) == 'A' and redis.call('HEXISTS', KEYS[5], ARGV[1]) == 1 then
  redis.call('HSET', KEYS[6], ARGV[1], string.sub(answer, 4))
end
return answer
`,
)

/** ARGV also how the letter begins. Answers also `N`, there is no such letter, and `S<version>`, it was superseded. The letter goes. */
export const retryScript = script(
  'retry',
  `${accepting}
local letter = redis.call('HGET', KEYS[5], ARGV[1])
if not letter or string.sub(letter, 1, #ARGV[9]) ~= ARGV[9] then return 'N' end
local newer = redis.call('HGET', KEYS[6], ARGV[1])
if newer then return 'S' .. newer end
local parked = string.format('%016.0f', string.match(letter, '%d+'))
if parked > previous then previous = parked end
local answer = accept()
if string.sub(answer, 1, 1) == 'A' then redis.call('HDEL', KEYS[5], ARGV[1]) end
return answer
`,
)
