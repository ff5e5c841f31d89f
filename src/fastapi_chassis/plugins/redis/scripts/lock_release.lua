-- Gives a name back. KEYS: the holder. ARGV: the token. Returns whether it was held.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
return redis.call('DEL', KEYS[1])
