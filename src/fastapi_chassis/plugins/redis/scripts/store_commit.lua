-- Writes the changes of a transaction: all of them, or none if a row is not as the transaction has read it.
-- KEYS: whatever is touched. ARGV: for each change a plan in JSON, whose numbers are places in KEYS, and the row.
--   row, all, ends    the row's key, and the sorted sets of its collection
--   member            the row's name in the sets
--   revision          of the row as it was read; 0 if it was not there
--   verb              write, touch or remove
--   life              milliseconds until the row ends; 0 for never, none for as before
--   claims, frees     keys of unique values that the row has from now on, and has no more
-- Returns nothing; or the numbers of changes whose rows have moved; or which claim of which change is taken.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = '(' .. string.format('%.0f', now)

local changes, moved, freed, collections = {}, {}, {}, {}
for at = 1, #ARGV, 2 do
    local change = cjson.decode(ARGV[at])
    change.data = ARGV[at + 1]
    table.insert(changes, change)
    collections[change.all] = change.ends
    local revision = string.match(redis.call('GETRANGE', KEYS[change.row], 0, 19), '^%d+')
    if tonumber(revision or 0) ~= change.revision then
        table.insert(moved, #changes - 1)
    end
    for _, claim in ipairs(change.frees) do
        freed[claim] = change.member
    end
end
if #moved > 0 then
    return {'moved', moved}
end
for number, change in ipairs(changes) do
    for place, claim in ipairs(change.claims) do
        local owner = redis.call('GET', KEYS[claim])
        if owner and owner ~= change.member and owner ~= freed[claim] then
            return {'taken', {number - 1, place - 1}}
        end
    end
end

for all, ends in pairs(collections) do
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[ends], '-inf', before, 'LIMIT', 0, 100)) do
        redis.call('ZREM', KEYS[all], member)
        redis.call('ZREM', KEYS[ends], member)
    end
end
for claim in pairs(freed) do
    redis.call('DEL', KEYS[claim])
end
for _, change in ipairs(changes) do
    local row, ends, member = KEYS[change.row], KEYS[change.ends], change.member
    if change.verb == 'remove' then
        redis.call('DEL', row)
        redis.call('ZREM', KEYS[change.all], member)
        redis.call('ZREM', ends, member)
    else
        if change.verb == 'write' then
            redis.call('SET', row, change.data, 'KEEPTTL')
            redis.call('ZADD', KEYS[change.all], 0, member)
        end
        local life = change.life
        if life == 0 then
            redis.call('PERSIST', row)
            redis.call('ZREM', ends, member)
        elseif life ~= cjson.null then
            local stop = string.format('%.0f', now + life)
            redis.call('PEXPIREAT', row, stop)
            redis.call('ZADD', ends, stop, member)
        end
        local stop = redis.call('ZSCORE', ends, member)
        for _, claim in ipairs(change.claims) do
            redis.call('SET', KEYS[claim], member)
            if stop then
                redis.call('PEXPIREAT', KEYS[claim], stop)
            end
        end
    end
end
for all, ends in pairs(collections) do
    -- the sets end with the last row, where all of them end
    local last = redis.call('ZRANGE', KEYS[ends], -1, -1, 'WITHSCORES')[2]
    if last and redis.call('ZCARD', KEYS[all]) == redis.call('ZCARD', KEYS[ends]) then
        redis.call('PEXPIREAT', KEYS[all], string.format('%.0f', last + 1))
        redis.call('PEXPIREAT', KEYS[ends], string.format('%.0f', last + 1))
    else
        redis.call('PERSIST', KEYS[all])
        redis.call('PERSIST', KEYS[ends])
    end
end
return false
