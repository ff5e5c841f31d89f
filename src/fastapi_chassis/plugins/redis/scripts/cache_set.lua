-- Keeps a value. KEYS: the value, its lease. ARGV: the bytes, how long in milliseconds or 0 for no end, the token of
-- a lease or nothing. Returns whether it was kept; whoever else computes one of this key is too late from now on.
if ARGV[3] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[3] then
    return 0
end
redis.call('DEL', KEYS[2])
if ARGV[2] == '0' then
    redis.call('SET', KEYS[1], ARGV[1])
else
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
