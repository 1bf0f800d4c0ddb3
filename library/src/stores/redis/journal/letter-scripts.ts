import { script } from '../script.ts'
import { freeing, sizing } from './layout.ts'

/**
 * KEYS dirty, since, bytes, usual, dlq, entry, newer, frees. ARGV version, rest, letter, how a letter of this version
 * begins. Answers 1: it is parked, by this call or by an earlier one.
 */
export const quarantineScript = script(
  'quarantine',
  `${sizing}${freeing}
redis.call('PERSIST', KEYS[1])
local head = redis.call('GETRANGE', KEYS[6], 0, 16)
if string.sub(head, 1, 1) ~= 'D' then
  local parked = redis.call('HGET', KEYS[5], ARGV[2])
  return parked and string.sub(parked, 1, #ARGV[4]) == ARGV[4] and 1 or 0
end
if head ~= 'D' .. ARGV[1] then return 0 end
local size = sizeOf(KEYS[6], redis.call('STRLEN', KEYS[6]))
redis.call('HSET', KEYS[5], ARGV[2], ARGV[3])
redis.call('HDEL', KEYS[7], ARGV[2])
redis.call('HDEL', KEYS[8], ARGV[2])
redis.call('DEL', KEYS[6])
redis.call('ZREM', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
freed(size)
return 1
`,
)

/** KEYS dlq, newer. Answers rests and letters in turn; rests and the versions that superseded them. */
export const lettersScript = script(
  'letters',
  `return { redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }`,
)

/** KEYS dlq, newer. ARGV rest. Answers the letter, and what superseded it. */
export const letterScript = script(
  'letter',
  `return { redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[2], ARGV[1]) }`,
)

/** KEYS dlq, newer. ARGV rest, how the letter begins. */
export const discardScript = script(
  'discard',
  `
local letter = redis.call('HGET', KEYS[1], ARGV[1])
if not letter or string.sub(letter, 1, #ARGV[2]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
`,
)
