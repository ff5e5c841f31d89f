-- Adds messages in their order, all or none. KEYS: the stream. ARGV: how many it may hold, 0 for any number; then of
-- each message destination, key, attributes and payload. Returns how many were added: none where it is full.
local most = tonumber(ARGV[1])
if most > 0 and redis.call('XLEN', KEYS[1]) >= most then
    return 0
end
for at = 2, #ARGV, 4 do
    redis.call('XADD', KEYS[1], '*', 'destination', ARGV[at], 'key', ARGV[at + 1], 'attributes', ARGV[at + 2],
        'payload', ARGV[at + 3])
end
return (#ARGV - 1) / 4
