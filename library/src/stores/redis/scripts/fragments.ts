/*
 * Lua that several scripts begin with. Numbers are formatted as floats, since `%d` is a `long`, which
 * may have 32 bits. `entries.ts` has the layout of the texts.
 */

/** `now`: the server's clock, by which everything is decided. `digits`: a number in fixed width. */
export const clock = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function digits(number) return string.format('%013.0f', number) end
`

/** `held`: the text of the key, or empty; `kind`: its letter. */
export const held = `
local held = redis.call('GET', KEYS[1]) or ''
local kind = string.sub(held, 1, 1)
`

/**
 * The same by a command that counts as a write, though it changes nothing. A server that may not
 * write refuses it, so that an invalidation which found nothing there is not mistaken for done; and
 * at maxmemory Redis lets every write pass that follows another in one script.
 */
export const heldForWriting = held.replace("'GET'", "'GETEX'")

/** Versions as text: of an entry without one, and above all others. */
export const versions = `
local none = string.rep('0', 16)
local poison = string.rep('9', 16)
`

/**
 * `put(version, json)`: stores the content of ARGV 1 to 7 (`contentArgs`). False, and the key is
 * absent, when its lifetime is over or there is no memory for it.
 */
export const put = `
local function put(version, json)
  local hardAt = now + ARGV[3]
  local goneAt = hardAt
  local text = 'N' .. version .. digits(now) .. digits(hardAt)
  if ARGV[1] == 'V' then
    goneAt = hardAt + ARGV[5]
    local times = digits(now) .. digits(now + ARGV[4]) .. digits(hardAt) .. digits(0)
    text = 'V' .. version .. times .. ARGV[6] .. json
  end
  if goneAt > now and redis.pcall('SET', KEYS[1], text, 'PXAT', digits(goneAt)).ok then
    return true
  end
  redis.call('DEL', KEYS[1])
  return false
end
`

/**
 * `readMarks()`: max and the living marks of a P. An expired one is dropped, and poisons: its writer
 * may have committed a version that nobody has told, or may yet.
 * `without(marks, token)`: the others. `writeMarks(max, marks)`: the P of them.
 */
export const marks = `${versions}
local function readMarks()
  local max, alive = string.sub(held, 2, 17), {}
  for token, deadline in string.gmatch(string.sub(held, 18), '([^:]+):(%d+),') do
    if tonumber(deadline) > now then
      table.insert(alive, { token = token, deadline = tonumber(deadline) })
    else
      max = poison
    end
  end
  return max, alive
end

local function without(marks, token)
  local others = {}
  for _, mark in ipairs(marks) do
    if mark.token ~= token then table.insert(others, mark) end
  end
  return others
end

local function writeMarks(max, marks)
  local text, latest = 'P' .. max, 0
  for _, mark in ipairs(marks) do
    text = text .. mark.token .. ':' .. digits(mark.deadline) .. ','
    latest = math.max(latest, mark.deadline)
  end
  redis.call('SET', KEYS[1], text, 'PXAT', digits(latest))
end
`
