-- Holds on to a name. KEYS: the holder. ARGV: the token, how long in milliseconds. Returns whether it is held.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
