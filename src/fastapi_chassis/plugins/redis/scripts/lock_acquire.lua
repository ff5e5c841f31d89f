-- Takes a name if it is free. KEYS: the holder, the fence. ARGV: how long the holder and the fence are kept, in
-- milliseconds. Returns the token, or nothing.
-- The token is the time of the server in microseconds, or one more than the last where that is not later: it
-- grows also where the fence was lost.
if redis.call('EXISTS', KEYS[1]) == 1 then
    return false
end
local now = redis.call('TIME')
local token = tonumber(now[1]) * 1000000 + tonumber(now[2])
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if token <= last then
    token = last + 1
end
local written = string.format('%.0f', token)
redis.call('SET', KEYS[2], written, 'PX', ARGV[2])
redis.call('SET', KEYS[1], written, 'PX', ARGV[1])
return written
