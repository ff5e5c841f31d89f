"""RedisCommands: what a client and a pipeline can be asked, with prefixes, and how replies are read."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Literal, cast

from fastapi_chassis.caching import decode_value, encode_value
from fastapi_chassis.plugins.redis.connection import Word
from fastapi_chassis.plugins.redis.script import Script

type Read[Reply] = Callable[[object], Reply]

_NOTHING = timedelta(0)


class RedisCommands:
    """What can be asked of Redis; each reply is awaited.

    Values are what `encode_value` takes, and come back as exactly what they were. A command of many keys
    wants them in one slot of a cluster: give them a common part in braces, as in `cart:{42}:items`.

    Args:
        prefix: what every key begins with.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def key(self, name: str) -> bytes:
        """Returns a key as the server knows it."""
        return f"{self.prefix}{name}".encode("utf-8", "surrogatepass")

    def send[Reply](self, read: Read[Reply], *words: Word, again: bool = False) -> Awaitable[Reply]:
        """Sends words as they are: keys go through `key` before.

        Args:
            read: makes the result of the server's reply.
            words: the command and what belongs to it.
            again: whether it may be sent again after a lost connection.
        """
        raise NotImplementedError

    def get(self, key: str, default: object = None) -> Awaitable[object]:
        """Returns a value, or the default."""
        return self.send(_value_or(default), "GET", self.key(key), again=True)

    def get_many(self, *keys: str) -> Awaitable[list[object]]:
        """Returns a value for each key, None where there is none."""
        return self.send(_values, "MGET", *map(self.key, keys), again=True)

    def set(
        self,
        key: str,
        value: object,
        *,
        ttl: timedelta | None = None,
        only: Literal["absent", "present"] | None = None,
    ) -> Awaitable[bool]:
        """Keeps a value; returns whether it did.

        Args:
            key: names it.
            value: what to keep.
            ttl: how long; without one as long as the server.
            only: keeps it only where none is yet, or only where one is.

        Raises:
            TypeError: the value would not come back as what it was.
            ValueError: the time is not more than nothing.
        """
        words: list[Word] = ["SET", self.key(key), encode_value(value)]
        if ttl is not None:
            words += ["PX", milliseconds(ttl)]
        if only is not None:
            words.append({"absent": "NX", "present": "XX"}[only])
        return self.send(_done, *words, again=only is None)

    def delete(self, *keys: str) -> Awaitable[int]:
        """Forgets keys; returns how many there were."""
        return self.send(_number, "UNLINK", *map(self.key, keys))

    def exists(self, key: str) -> Awaitable[bool]:
        """Returns whether a key is there."""
        return self.send(_is_one, "EXISTS", self.key(key), again=True)

    def expire(self, key: str, ttl: timedelta) -> Awaitable[bool]:
        """Ends a key after a while; returns whether it is there."""
        return self.send(_is_one, "PEXPIRE", self.key(key), milliseconds(ttl), again=True)

    def persist(self, key: str) -> Awaitable[bool]:
        """Takes a key's end away; returns whether it had one."""
        return self.send(_is_one, "PERSIST", self.key(key))

    def time_left(self, key: str) -> Awaitable[timedelta | None]:
        """Returns how long a key still lives; None if it has no end, or is not there."""
        return self.send(_time_left, "PTTL", self.key(key), again=True)

    def increment(self, key: str, by: int = 1) -> Awaitable[int]:
        """Adds to a number, 0 where there is none, and returns the sum."""
        return self.send(_number, "INCRBY", self.key(key), by)

    def hset(self, key: str, fields: Mapping[str, object]) -> Awaitable[int]:
        """Sets fields of a hash; returns how many are new."""
        pairs = [word for name, value in fields.items() for word in (_text(name), encode_value(value))]
        return self.send(_number, "HSET", self.key(key), *pairs)

    def hget(self, key: str, field: str, default: object = None) -> Awaitable[object]:
        """Returns a field of a hash, or the default."""
        return self.send(_value_or(default), "HGET", self.key(key), _text(field), again=True)

    def hgetall(self, key: str) -> Awaitable[dict[str, object]]:
        """Returns every field of a hash."""
        return self.send(_fields, "HGETALL", self.key(key), again=True)

    def hdel(self, key: str, *fields: str) -> Awaitable[int]:
        """Removes fields of a hash; returns how many there were."""
        return self.send(_number, "HDEL", self.key(key), *map(_text, fields))

    def lpush(self, key: str, *values: object) -> Awaitable[int]:
        """Puts values at the head of a list, one after another; returns its length."""
        return self.send(_number, "LPUSH", self.key(key), *map(encode_value, values))

    def rpush(self, key: str, *values: object) -> Awaitable[int]:
        """Puts values at the end of a list; returns its length."""
        return self.send(_number, "RPUSH", self.key(key), *map(encode_value, values))

    def lpop(self, key: str, default: object = None) -> Awaitable[object]:
        """Takes the head of a list, or returns the default."""
        return self.send(_value_or(default), "LPOP", self.key(key))

    def rpop(self, key: str, default: object = None) -> Awaitable[object]:
        """Takes the end of a list, or returns the default."""
        return self.send(_value_or(default), "RPOP", self.key(key))

    def lrange(self, key: str, first: int = 0, last: int = -1) -> Awaitable[list[object]]:
        """Returns a part of a list, the last one included; -1 is the end."""
        return self.send(_values, "LRANGE", self.key(key), first, last, again=True)

    def llen(self, key: str) -> Awaitable[int]:
        """Returns the length of a list."""
        return self.send(_number, "LLEN", self.key(key), again=True)

    def ltrim(self, key: str, first: int, last: int) -> Awaitable[bool]:
        """Keeps a part of a list only, the last one included."""
        return self.send(_done, "LTRIM", self.key(key), first, last)

    def sadd(self, key: str, *values: object) -> Awaitable[int]:
        """Adds values to a set; returns how many are new."""
        return self.send(_number, "SADD", self.key(key), *map(encode_value, values))

    def srem(self, key: str, *values: object) -> Awaitable[int]:
        """Removes values from a set; returns how many there were."""
        return self.send(_number, "SREM", self.key(key), *map(encode_value, values))

    def smembers(self, key: str) -> Awaitable[list[object]]:
        """Returns the values of a set, in no order."""
        return self.send(_values, "SMEMBERS", self.key(key), again=True)

    def sismember(self, key: str, value: object) -> Awaitable[bool]:
        """Returns whether a set has a value."""
        return self.send(_is_one, "SISMEMBER", self.key(key), encode_value(value), again=True)

    def scard(self, key: str) -> Awaitable[int]:
        """Returns how many values a set has."""
        return self.send(_number, "SCARD", self.key(key), again=True)

    def run(
        self, script: Script, *, keys: tuple[str, ...] = (), args: tuple[Word, ...] = ()
    ) -> Awaitable[object]:
        """Runs a script as one step on the server; returns its reply as it is.

        Args:
            script: what to run.
            keys: all keys that it touches, which become KEYS with the prefix; in a cluster of one slot.
            args: what becomes ARGV.
        """
        return self.send(_as_is, "EVAL", script.source, len(keys), *map(self.key, keys), *args)


def milliseconds(ttl: timedelta) -> int:
    """Returns a time as Redis takes it.

    Raises:
        ValueError: it is not more than nothing.
    """
    if ttl <= _NOTHING:
        raise ValueError("a value is kept for more than no time")
    return max(1, round(ttl.total_seconds() * 1000))


def _text(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _value_or(default: object) -> Read[object]:
    return lambda reply: default if reply is None else decode_value(cast("bytes", reply))


def _values(reply: object) -> list[object]:
    return [None if one is None else decode_value(one) for one in cast("list[bytes | None]", reply or [])]


def _fields(reply: object) -> dict[str, object]:
    if isinstance(reply, list):  # protocol 2
        reply = dict(zip(reply[::2], reply[1::2], strict=True))
    pairs = cast("dict[bytes, bytes]", reply)
    return {name.decode("utf-8", "surrogatepass"): decode_value(value) for name, value in pairs.items()}


def _number(reply: object) -> int:
    return int(cast("int", reply))


def _done(reply: object) -> bool:
    return reply is not None and reply is not False


def _is_one(reply: object) -> bool:
    return bool(reply)


def _time_left(reply: object) -> timedelta | None:
    left = cast("int", reply)
    return timedelta(milliseconds=left) if left >= 0 else None


def _as_is(reply: object) -> object:
    return reply
