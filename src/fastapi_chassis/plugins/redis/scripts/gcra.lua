-- Counts a call if it passes (GCRA). KEYS: when calls will be back in the even flow, in microseconds of the server.
-- ARGV: the microseconds between two calls, how many pass at once, the cost.
-- Returns whether it passes, and how far calls are ahead of the even flow then.
local now = redis.call('TIME')
now = tonumber(now[1]) * 1000000 + tonumber(now[2])
local interval, cost = tonumber(ARGV[1]), tonumber(ARGV[3])
local most = tonumber(ARGV[2]) * interval
local ahead = tonumber(redis.call('GET', KEYS[1]) or now) - now
-- more than most stands there only after a change of the limit or of the clock
ahead = math.min(math.max(ahead, 0), most)
local after = ahead + cost * interval
if after > most then
    return {0, ahead}
end
if cost > 0 then
    redis.call('SET', KEYS[1], string.format('%.0f', now + after), 'PX', math.ceil(after / 1000))
end
return {1, after}
