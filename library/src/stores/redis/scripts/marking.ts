import { script } from '../script.ts'
import { clock, held, heldForWriting, marks, put } from './fragments.ts'

/** ARGV token, markMs. A renewed mark takes its old one's place; one that expired beside a living one has poisoned by then. */
export const beginScript = script(
  'begin',
  `${clock}${held}${marks}
if kind == 'D' then return 0 end
local max, alive = none, {}
if kind == 'V' then max = string.sub(held, 2, 17) end
if kind == 'P' then max, alive = readMarks() end
if kind == 'P' and #alive == 0 then max = none end
local joined = without(alive, ARGV[1])
table.insert(joined, { token = ARGV[1], deadline = now + ARGV[2] })
writeMarks(max, joined)
return 1
`,
)

/**
 * ARGV content, token (empty: a writer without a mark). Answers the result and whether the mark was
 * lost. Where nothing is stored, the key is read by a command that counts as a write: see `heldForWriting`.
 */
export const endScript = script(
  'end',
  `${clock}${held}${marks}${put}
local version, token = ARGV[2], ARGV[8]
local lost = token == '' and 0 or 1

if kind == 'P' then
  local max, alive = readMarks()
  local others = without(alive, token)
  if #others < #alive then lost = 0 end
  if version > max then max = version end
  if #others > 0 then
    redis.call('GETEX', KEYS[1])
    writeMarks(max, others)
    return { 'pending', lost }
  end
  if #alive > 0 then
    -- mine was the last one alive
    if version == max and put(version, ARGV[7]) then return { 'published', lost } end
    redis.call('DEL', KEYS[1])
    return { 'removed', lost }
  end
  kind = ''
end

if kind == 'V' and string.sub(held, 2, 17) < version then
  return { put(version, ARGV[7]) and 'published' or 'removed', lost }
end
if kind == 'V' or kind == 'D' then
  redis.call('GETEX', KEYS[1])
  return { 'kept', lost }
end
-- L may be about to fill what it read before; N carries no version to compare with
redis.call('DEL', KEYS[1])
return { kind == '' and 'absent' or 'removed', lost }
`,
)

/** ARGV token. */
export const abortScript = script(
  'abort',
  `${clock}${heldForWriting}${marks}
if kind ~= 'P' then return 0 end
local max, alive = readMarks()
local others = without(alive, ARGV[1])
if #others == 0 then
  redis.call('DEL', KEYS[1])
else
  writeMarks(max, others)
end
return 1
`,
)
