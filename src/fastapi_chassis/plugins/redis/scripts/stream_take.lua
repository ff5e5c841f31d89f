-- Gives messages to who has the lease, and settles at once what the group does not want.
-- KEYS: the stream, the lease, what the group wants. ARGV: the group, the token, how many at most, '>' for new ones or
-- the id behind which those begin that were given and are not settled.
-- Returns nothing where the lease is lost; else the messages, how many were looked at, and the id of the last.
if redis.call('GET', KEYS[2]) ~= ARGV[2] then
    return false
end
local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], 'owner', 'COUNT', ARGV[3], 'STREAMS', KEYS[1], ARGV[4])
local found = reply and reply[1] and reply[1][2] or {}
if #found == 0 then
    local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
    return {{}, 0, last and last[1] or '0-0'}
end
local now = redis.call('TIME')
local wanted = {}
local since = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
for _, destination in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], since, '+inf')) do
    wanted[destination] = true
end
local given, settled = {}, {}
for _, message in ipairs(found) do
    local fields, destination = message[2] or {}, nil
    for at = 1, #fields, 2 do
        if fields[at] == 'destination' then
            destination = fields[at + 1]
            break
        end
    end
    if destination and not wanted[destination] then
        settled[#settled + 1] = message[1]
    else
        given[#given + 1] = message
    end
end
for at = 1, #settled, 1000 do
    redis.call('XACK', KEYS[1], ARGV[1], unpack(settled, at, math.min(at + 999, #settled)))
end
return {given, #found, found[#found][1]}
