import { script } from '../script.ts'
import { clock } from '../scripts/fragments.ts'
import { freeing, sizing } from './layout.ts'

/**
 * KEYS dirty, since, bytes, usual, owner, frees, entries. ARGV token, ownerMs, ttlMs, softTtlMs, graceMs,
 * negativeTtlMs, dueAt, bytes of an entry's key before the rest, the versions as one text. Answers how many became clean, then,
 * in threes, rests, versions and what the key has given up.
 *
 * The clean entry is written before the index forgets it: a dirty one that no index names would
 * stay for ever. Where it cannot be written the key goes, since the database has the row.
 */
export const ackScript = script(
  'ack',
  `${clock}${sizing}${freeing}
redis.call('PERSIST', KEYS[1])
if redis.call('GET', KEYS[5]) == ARGV[1] then redis.call('PEXPIRE', KEYS[5], ARGV[2]) end
local hasSince = redis.call('EXISTS', KEYS[2]) == 1
local hasFrees = redis.call('EXISTS', KEYS[6]) == 1

local hardAt = now + tonumber(ARGV[3])
local goneAt = hardAt + tonumber(ARGV[5])
local absentUntil = now + tonumber(ARGV[6])
local times = digits(now + tonumber(ARGV[4])) .. digits(hardAt) .. digits(0) .. '000000'
local absentTime = digits(absentUntil)
local goneText, absentText = digits(goneAt), digits(absentUntil)

local answer, rests, amount = { 0 }, {}, 0
local function nowFree(rest, version)
  local values = redis.call('HGET', KEYS[6], rest)
  if not values then return end
  redis.call('HDEL', KEYS[6], rest)
  answer[#answer + 1] = rest
  answer[#answer + 1] = version
  answer[#answer + 1] = values
end

local function clean(key, entry)
  local head = string.sub(entry, 2, 30)
  local stored
  if string.byte(entry, 60) == 88 then
    stored = absentUntil > now and redis.pcall('SET', key, 'N' .. head .. absentTime, 'PXAT', absentText)
  elseif goneAt > now then
    stored = redis.pcall('SET', key, 'V' .. head .. times .. string.sub(entry, 61), 'PXAT', goneText)
  end
  if not stored or stored.err then redis.call('DEL', key) end
end

for i = 7, #KEYS do
  local key, version = KEYS[i], string.sub(ARGV[9], 16 * i - 111, 16 * i - 96)
  local entry = redis.call('GET', key) or ''
  if string.sub(entry, 1, 17) == 'D' .. version then
    local rest = string.sub(key, ARGV[8] + 1)
    clean(key, entry)
    rests[#rests + 1] = rest
    amount = amount + sizeOf(key, #entry)
    if hasFrees then nowFree(rest, version) end
  elseif string.sub(entry, 1, 1) == 'D' and string.sub(entry, 2, 17) > version then
    local rest = string.sub(key, ARGV[8] + 1)
    local storedAt = string.sub(entry, 18, 30)
    redis.call('SETRANGE', key, 30, storedAt .. version)
    redis.call('ZADD', KEYS[1], 'XX', ARGV[7], rest)
    redis.call('ZADD', KEYS[2], storedAt, rest)
  end
end
for from = 1, #rests, 1000 do
  local some = { unpack(rests, from, math.min(from + 999, #rests)) }
  redis.call('ZREM', KEYS[1], unpack(some))
  if hasSince then redis.call('ZREM', KEYS[2], unpack(some)) end
end
freed(amount)
answer[1] = #rests
return answer
`,
)

/** KEYS dirty, entry. ARGV version, the version above. */
export const restampScript = script(
  'restamp',
  `
redis.call('PERSIST', KEYS[1])
if redis.call('GETRANGE', KEYS[2], 0, 16) ~= 'D' .. ARGV[1] then return 0 end
redis.call('SETRANGE', KEYS[2], 1, ARGV[2])
return 1
`,
)

/**
 * KEYS dirty, since, bytes, usual, lost, frees, entries. ARGV bytes of an entry's key before the rest. The index
 * forgets entries that are not dirty: evicted or deleted by hand, their writes are lost, and counted.
 */
export const dropScript = script(
  'drop',
  `${freeing}
local lost = 0
for i = 7, #KEYS do
  if redis.call('GETRANGE', KEYS[i], 0, 0) ~= 'D' then
    local rest = string.sub(KEYS[i], ARGV[1] + 1)
    redis.call('ZREM', KEYS[2], rest)
    lost = lost + redis.call('ZREM', KEYS[1], rest)
    redis.call('HDEL', KEYS[6], rest)
  end
end
if lost > 0 then redis.call('INCRBY', KEYS[5], lost) end
freed(0)
return lost
`,
)

/** KEYS entry, dlq. ARGV rest. Answers the head of the entry, and that of the key's letter. */
export const progressScript = script(
  'progress',
  `
local letter = redis.call('HGET', KEYS[2], ARGV[1])
return { redis.call('GETRANGE', KEYS[1], 0, 59), letter and string.sub(letter, 1, 40) or '' }
`,
)

/**
 * KEYS dirty, since, bytes, dlq, lost, usual. Answers keys, bytes, age of the oldest in ms, letters, lost writes.
 *
 * The oldest is the first in `since`, or the first that is not there: entries before that were put forward.
 */
export const figuresScript = script(
  'figures',
  `${clock}
local function oldestAt()
  local usual = tonumber(redis.call('GET', KEYS[6]) or 0)
  local since = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
  local oldest = since and tonumber(since) or now
  local step = since and 100 or 1
  for from = 0, redis.call('ZCARD', KEYS[1]), step do
    local page = redis.call('ZRANGE', KEYS[1], from, from + step - 1, 'WITHSCORES')
    for i = 1, #page, 2 do
      local acceptedAt = page[i + 1] - usual
      if acceptedAt >= oldest then return oldest end
      if not since or not redis.call('ZSCORE', KEYS[2], page[i]) then return acceptedAt end
    end
  end
  return oldest
end
return {
  redis.call('ZCARD', KEYS[1]),
  tonumber(redis.call('GET', KEYS[3]) or 0),
  math.max(0, now - oldestAt()),
  redis.call('HLEN', KEYS[4]),
  tonumber(redis.call('GET', KEYS[5]) or 0),
}
`,
)
