/**
 * The steps of the journal, each one script on one partition. A dirty entry is
 * `D<version16><storedAt13><enqueuedAt13><op1><payload>`, and has no TTL; the index of a partition
 * is two sorted sets, by due time and by the acceptance of the first unflushed write.
 *
 * At `maxmemory` Redis refuses a script's first write if it may need memory, and none after a first
 * one that was allowed. So ENQUEUE begins with one that is refused, before anything has changed, and
 * what finishes work, and so makes room, begins with one that is not: PERSIST of the index, which
 * never has a TTL.
 */
import { script } from './script.ts'
import { clock } from './scripts/fragments.ts'

/** What a dirty key costs beside its texts, in bytes: measured at 290 with 100,000 of them, in Redis 7.0. */
const overheadBytes = 320

const sizing = `
local function sizeOf(key, entryBytes) return ${overheadBytes} + #key + entryBytes end
`

/** Nothing is left of an empty partition, whatever a lost entry has left in the count. */
const freeing = `
local function freed(index, bytes, amount)
  if redis.call('EXISTS', index) == 0 then
    redis.call('DEL', bytes)
  elseif amount > 0 then
    redis.call('DECRBY', bytes, amount)
  end
end
`

/**
 * KEYS entry, dirty, since, bytes. ARGV rest, precondition, delayMs, deadlineAt, maxKeys, maxBytes,
 * operation and payload. Answers `A<existed><coalesced><version>`, `C<version>`, or a letter.
 */
export const enqueueScript = script(
  'enqueue',
  `${clock}${sizing}
if now > tonumber(ARGV[4]) then return 'E' end
local head = redis.call('GETRANGE', KEYS[1], 0, 55)
local kind = string.sub(head, 1, 1)
local isDirty = kind == 'D'
local previous = 0
local known
if isDirty then
  known = string.sub(head, 44, 44)
elseif kind == 'V' and tonumber(string.sub(head, 44, 56)) > now then
  known = 'U'
elseif kind == 'N' then
  known = 'X'
end
if isDirty or kind == 'V' or kind == 'N' then previous = tonumber(string.sub(head, 2, 17)) end

local precondition = ARGV[2]
if precondition ~= 'any' then
  if not known then return 'L' end
  if known == 'X' then
    if precondition ~= 'absent' then return 'M' end
  elseif precondition ~= 'exists' and precondition ~= string.sub(head, 2, 17) then
    return 'C' .. string.sub(head, 2, 17)
  end
end

local version = string.format('%016.0f', math.max(time[1] * 1000000 + time[2], previous + 1))
local storedAt = digits(now)
local enqueuedAt = isDirty and string.sub(head, 31, 43) or storedAt
local entry = 'D' .. version .. storedAt .. enqueuedAt .. ARGV[7]

if isDirty then
  redis.call('INCRBY', KEYS[4], #entry - redis.call('STRLEN', KEYS[1]))
else
  local size = sizeOf(KEYS[1], #entry)
  if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then return 'K' end
  if tonumber(redis.call('GET', KEYS[4]) or 0) + size > tonumber(ARGV[6]) then return 'B' end
  redis.call('ZADD', KEYS[2], 'NX', digits(now + tonumber(ARGV[3])), ARGV[1])
  redis.call('ZADD', KEYS[3], digits(now), ARGV[1])
  redis.call('INCRBY', KEYS[4], size)
end
redis.call('SET', KEYS[1], entry)
return 'A' .. (known == 'U' and '1' or '0') .. (isDirty and '1' or '0') .. version
`,
)

/**
 * KEYS dirty, owner. ARGV dueBy, count, token, ownerMs. Answers rests and due times in turn, the
 * earliest first; nothing where nothing is due or another owns the partition, and then nothing is written.
 */
export const claimScript = script(
  'claim',
  `
local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[3] then return {} end
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
if #due == 0 then return due end
redis.call('PERSIST', KEYS[1])
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
return due
`,
)

/** KEYS dirty, owner. ARGV token. Answers the earliest due time that is not another's to flush. */
export const nextDueScript = script(
  'nextDue',
  `
local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[1] then return false end
return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or false
`,
)

/**
 * KEYS dirty, since, bytes, owner, entries. ARGV token, ownerMs, ttlMs, softTtlMs, graceMs,
 * negativeTtlMs, dueAt, bytes of an entry's key before the rest, versions. Answers how many became clean.
 *
 * The clean entry is written before the index forgets it: a dirty one that no index names would
 * stay for ever. Where it cannot be written the key goes, since the database has the row.
 */
export const ackScript = script(
  'ack',
  `${clock}${sizing}${freeing}
redis.call('PERSIST', KEYS[1])
if redis.call('GET', KEYS[4]) == ARGV[1] then redis.call('PEXPIRE', KEYS[4], ARGV[2]) end

local function cleanOf(entry)
  local version, storedAt = string.sub(entry, 2, 17), string.sub(entry, 18, 30)
  if string.sub(entry, 44, 44) == 'X' then
    local hardAt = now + tonumber(ARGV[6])
    return 'N' .. version .. storedAt .. digits(hardAt), hardAt
  end
  local hardAt = now + tonumber(ARGV[3])
  local times = storedAt .. digits(now + tonumber(ARGV[4])) .. digits(hardAt)
  local unclaimed = digits(0) .. '000000'
  return 'V' .. version .. times .. unclaimed .. string.sub(entry, 45), hardAt + tonumber(ARGV[5])
end

local cleaned, amount = 0, 0
for i = 5, #KEYS do
  local key, version = KEYS[i], ARGV[i + 4]
  local rest = string.sub(key, ARGV[8] + 1)
  local head = redis.call('GETRANGE', key, 0, 29)
  local mine = string.sub(head, 1, 1) == 'D' and string.sub(head, 2, 17) or ''
  if mine == version then
    local entry = redis.call('GET', key)
    local clean, goneAt = cleanOf(entry)
    local stored = goneAt > now and redis.pcall('SET', key, clean, 'PXAT', digits(goneAt))
    if not stored or stored.err then redis.call('DEL', key) end
    redis.call('ZREM', KEYS[1], rest)
    redis.call('ZREM', KEYS[2], rest)
    amount = amount + sizeOf(key, #entry)
    cleaned = cleaned + 1
  elseif mine > version then
    local storedAt = string.sub(head, 18, 30)
    redis.call('SETRANGE', key, 30, storedAt)
    redis.call('ZADD', KEYS[1], 'XX', ARGV[7], rest)
    redis.call('ZADD', KEYS[2], 'XX', storedAt, rest)
  end
end
freed(KEYS[1], KEYS[3], amount)
return cleaned
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
 * KEYS dirty, since, bytes, dlq, entry. ARGV version, rest, letter, how a letter of this version
 * begins. Answers 1: it is parked, by this call or by an earlier one.
 */
export const quarantineScript = script(
  'quarantine',
  `${sizing}${freeing}
redis.call('PERSIST', KEYS[1])
local head = redis.call('GETRANGE', KEYS[5], 0, 16)
if string.sub(head, 1, 1) ~= 'D' then
  local parked = redis.call('HGET', KEYS[4], ARGV[2])
  return parked and string.sub(parked, 1, #ARGV[4]) == ARGV[4] and 1 or 0
end
if head ~= 'D' .. ARGV[1] then return 0 end
local size = sizeOf(KEYS[5], redis.call('STRLEN', KEYS[5]))
redis.call('HSET', KEYS[4], ARGV[2], ARGV[3])
redis.call('DEL', KEYS[5])
redis.call('ZREM', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
freed(KEYS[1], KEYS[3], size)
return 1
`,
)

/** KEYS dlq. Answers all letters. */
export const lettersScript = script('letters', `return redis.call('HVALS', KEYS[1])`)

/** KEYS owner. ARGV token. */
export const disownScript = script(
  'disown',
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
)

/**
 * KEYS dirty, since, bytes, lost, entries. ARGV bytes of an entry's key before the rest. The index
 * forgets entries that are not dirty: evicted or deleted by hand, their writes are lost, and counted.
 */
export const dropScript = script(
  'drop',
  `${freeing}
local lost = 0
for i = 5, #KEYS do
  if redis.call('GETRANGE', KEYS[i], 0, 0) ~= 'D' then
    local rest = string.sub(KEYS[i], ARGV[1] + 1)
    redis.call('ZREM', KEYS[2], rest)
    lost = lost + redis.call('ZREM', KEYS[1], rest)
  end
end
if lost > 0 then redis.call('INCRBY', KEYS[4], lost) end
freed(KEYS[1], KEYS[3], 0)
return lost
`,
)

/** KEYS dirty, since, bytes, dlq, lost. Answers keys, bytes, age of the oldest in ms, letters, lost writes. */
export const figuresScript = script(
  'figures',
  `${clock}
local oldestAt = tonumber(redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2] or now)
return {
  redis.call('ZCARD', KEYS[1]),
  tonumber(redis.call('GET', KEYS[3]) or 0),
  math.max(0, now - oldestAt),
  redis.call('HLEN', KEYS[4]),
  tonumber(redis.call('GET', KEYS[5]) or 0),
}
`,
)
