import { script } from '../script.ts'
import { clock } from '../scripts/fragments.ts'

/**
 * KEYS members. ARGV token, how long it counts in ms. Answers how many processes flush this journal.
 * It begins with a command that Redis allows at `maxmemory`.
 */
export const joinScript = script(
  'join',
  `${clock}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', digits(now))
redis.call('ZADD', KEYS[1], digits(now + tonumber(ARGV[2])), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
`,
)

/** KEYS members. ARGV token. */
export const leaveScript = script('leave', `return redis.call('ZREM', KEYS[1], ARGV[1])`)

/**
 * KEYS owner, dirty, alive, hurry. ARGV token, ownerMs, dueBy, whether it may be taken. Answers
 * 0 (another's, or nobody's), 1 (mine as before) or 2 (taken now), how many keys are dirty, and what `alive` says. Mine is renewed
 * when a third of its time is over; taken is what is due and nobody's.
 */
export const ownScript = script(
  'own',
  `
local owner = redis.call('GET', KEYS[1])
local state = 0
if owner == ARGV[1] then
  state = 1
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) * 2 / 3 then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
  end
elseif not owner and ARGV[4] == '1' then
  local dueAt = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
  local isDue = dueAt and (tonumber(dueAt) <= tonumber(ARGV[3]) or redis.call('EXISTS', KEYS[4]) == 1)
  if isDue then
    redis.call('PERSIST', KEYS[2])
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    state = 2
  end
end
return { state, redis.call('ZCARD', KEYS[2]), redis.call('GET', KEYS[3]) or '' }
`,
)

/** KEYS dirty, hurry. ARGV dueBy, count, dueFrom. Reads only. Answers rests and due times in turn, the earliest first. */
export const claimScript = script(
  'claim',
  `
local dueBy = redis.call('EXISTS', KEYS[2]) == 1 and '+inf' or ARGV[1]
return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[3], dueBy, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
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

/** KEYS dirty, hurry. ARGV how long, in ms. For so long all that is dirty is due. */
export const hurryAllScript = script(
  'hurryAll',
  `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('PERSIST', KEYS[1])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[1])
return 1
`,
)

/** KEYS dirty, since, usual. ARGV rest. It is due now. */
export const hurryScript = script(
  'hurry',
  `${clock}
redis.call('PERSIST', KEYS[1])
local dueAt = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
if dueAt <= now then return 0 end
local acceptedAt = dueAt - (redis.call('GET', KEYS[3]) or 0)
redis.call('ZADD', KEYS[2], 'NX', digits(acceptedAt), ARGV[1])
return redis.call('ZADD', KEYS[1], 'CH', digits(now), ARGV[1])
`,
)

/** KEYS owner. ARGV token. */
export const disownScript = script(
  'disown',
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
)

/** KEYS lost. ARGV how many. */
export const loseScript = script('lose', `return redis.call('INCRBY', KEYS[1], ARGV[1])`)
