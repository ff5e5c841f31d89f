-- Notes that a member is there, or is gone, and forgets who fell silent. KEYS: the members. ARGV: the member, for how
-- many milliseconds its word holds, 0 if it is gone. Returns who is there, in order.
local now = redis.call('TIME')
local milliseconds = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', milliseconds))
if tonumber(ARGV[2]) > 0 then
    redis.call('ZADD', KEYS[1], string.format('%.0f', milliseconds + ARGV[2]), ARGV[1])
else
    redis.call('ZREM', KEYS[1], ARGV[1])
end
local members = redis.call('ZRANGE', KEYS[1], 0, -1)
table.sort(members)
return members
