-- Makes a group where it is not there, which begins with the oldest message, and says what it wants.
-- KEYS: the stream, what the group wants. ARGV: the group, for how many milliseconds it wants that, destinations.
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if type(made) == 'table' and made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then
    return redis.error_reply(made.err)
end
local now = redis.call('TIME')
local milliseconds = now[1] * 1000 + math.floor(now[2] / 1000)
for at = 3, #ARGV do
    redis.call('ZADD', KEYS[2], string.format('%.0f', milliseconds + ARGV[2]), ARGV[at])
end
return 1
