/*
 * Lua that the scripts of the journal share. A dirty entry is
 * `D<version16><storedAt13><enqueuedAt13><flushed16><op1><payload>`, and has no TTL; `flushed` is the
 * highest version of it that is in the database. The index of a partition is a sorted set by due time. A key
 * is due when the first of its unflushed writes was accepted and the partition's usual delay has passed; one that was put
 * forward or back, or has another delay, is in a second sorted set too, by that acceptance.
 *
 * At `maxmemory` Redis refuses a script's first write if it may need memory, and none after a first
 * one that was allowed. So what makes a key dirty begins with one that is refused, before anything has changed, and
 * what finishes work, and so makes room, begins with one that is not: PERSIST of the index, which
 * never has a TTL.
 */

/** What a dirty key costs beside its texts, in bytes: measured at 193 with 100,000 of them in Redis 7.0, and some 100 more while the second set has it. */
const overheadBytes = 320

export const sizing = `
local function sizeOf(key, entryBytes) return ${overheadBytes} + #key + entryBytes end
`

/** KEYS dirty, since, bytes, usual. Nothing is left of an empty partition, whatever a lost entry has left in the count. */
export const freeing = `
local function freed(amount)
  if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
  elseif amount > 0 then
    redis.call('DECRBY', KEYS[3], amount)
  end
end
`
