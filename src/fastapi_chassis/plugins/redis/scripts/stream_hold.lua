-- Takes a part of the stream, where nobody has it or the same member had it. KEYS: the lease. ARGV: the member, the
-- token, which begins with the member, how long in milliseconds. Returns whether it is held.
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
