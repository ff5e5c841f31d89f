-- Removes what is old enough and every group has settled. KEYS: the stream. ARGV: the age in milliseconds, how many
-- messages at most. Returns how many were removed.
local function split(id)
    local time, number = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(time), tonumber(number)
end
if redis.call('EXISTS', KEYS[1]) == 0 then
    return 0
end
local now = redis.call('TIME')
local time, number = now[1] * 1000 + math.floor(now[2] / 1000) - ARGV[1], 0
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local group = {}
    for at = 1, #flat, 2 do
        group[flat[at]] = flat[at + 1]
    end
    local first = group['last-delivered-id']
    if group['pending'] > 0 then
        first = redis.call('XPENDING', KEYS[1], group['name'])[2]
    end
    local its_time, its_number = split(first)
    if its_time < time or (its_time == time and its_number < number) then
        time, number = its_time, its_number
    end
end
if time <= 0 then
    return 0
end
return redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f-%.0f', time, number), 'LIMIT', ARGV[2])
