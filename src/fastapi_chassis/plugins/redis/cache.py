"""RedisCache: values that may be forgotten, for every process; tags are versions that values carry."""

import logging
import os
import struct
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import timedelta
from typing import cast

from fastapi_chassis.caching import Lease, decode_value, encode_value
from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.redis.client import RedisClient
from fastapi_chassis.plugins.redis.commands import milliseconds
from fastapi_chassis.plugins.redis.connection import Words
from fastapi_chassis.plugins.redis.script import shipped_script
from fastapi_chassis.resilience import CircuitBreaker, CircuitOpenException

_log = logging.getLogger("fastapi_chassis.redis")

_DAY = 86_400_000  # milliseconds for which a tag's version is kept at least
_LEASE = 300_000  # milliseconds that the computation of a value may take
_OWED = 10_000  # lost invalidations that are remembered
_TAGGED = b"\x01"  # what encode_value writes begins with another byte
_ENTRY = struct.Struct(">I")
_VERSION = 12  # bytes


class RedisCache:
    """Keeps values on the server.

    A tag is a random version; a value carries the versions of its tags from when its computation began, and
    is good while all of them stand. So forgetting a tag is forgetting its version, however many values have
    it, and what was computed before can't come back after.

    While the server is away, reads find nothing and writes are dropped, or all raise, as configured. An
    invalidation that could not be sent is remembered, and sent before this process reads again; if the
    process ends before, the values live until the end of their time.

    Args:
        client: where they are kept.
    """

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._connection = client.connection
        self._config = client.connection.config.cache
        self._is_cluster = client.connection.config.cluster
        self._set = shipped_script("cache_set")
        self._owed: dict[bytes, None] = {}
        self._breaker = CircuitBreaker(
            "redis", failures=self._config.failures, reset_after=self._config.retry_after
        )

    async def get(self, key: str, default: object = None, *, tags: Collection[str] = ()) -> object:
        """Returns the value, or the default."""
        found = await self._tried(lambda: self._found(key, tags), None)
        try:
            return default if found is None else decode_value(found)
        except ValueError:
            _log.warning("somebody else writes below %scache, what is no value", self._client.prefix)
            return default

    async def lease(self, key: str, *, tags: Collection[str] = ()) -> Lease:
        """Begins the computation of a value; a longer one than five minutes is not kept."""
        return await self._tried(lambda: self._leased(key, tags), Lease(key, b"", {}))

    async def set(
        self,
        key: str,
        value: object,
        *,
        ttl: timedelta | None = None,
        tags: Collection[str] = (),
        lease: Lease | None = None,
    ) -> bool:
        """Keeps a value."""
        life = 0 if ttl is None else milliseconds(ttl)
        data = encode_value(value)
        if lease is not None and not lease.token:  # from when the server was away
            return False
        return await self._tried(lambda: self._kept(key, data, life, tags, lease), without=False)

    async def delete(self, *keys: str) -> int:
        """Forgets values."""
        unique = tuple(dict.fromkeys(keys))
        names = [self._client.key(name) for key in unique for name in (_lease(key), _value(key))]
        return await self._forgotten(names, lambda: self._deleted(unique), 0)

    async def invalidate(self, *tags: str) -> None:
        """Forgets the values with one of the tags."""
        names = [self._tag(tag) for tag in dict.fromkeys(tags)]
        await self._forgotten(names, lambda: self._unlinked(names), None)

    async def _found(self, key: str, tags: Collection[str]) -> bytes | None:
        name = self._client.key(_value(key))
        if not tags:
            data = cast("bytes | None", await self._connection.run("GET", name, again=True))
            return data if data is None or data[:1] != _TAGGED else await self._checked(data)
        data, *versions = await self._read(name, *map(self._tag, unique := sorted(set(tags))))
        if data is None or data[:1] != _TAGGED:
            return data
        known = dict(zip(unique, versions, strict=True))
        carried, payload = _split(data)
        if carried.keys() <= known.keys():
            return payload if all(known[tag] == version for tag, version in carried.items()) else None
        return payload if await self._stands(carried) else None

    async def _checked(self, data: bytes) -> bytes | None:
        """Returns what stands behind the head of a tagged value, if its tags still stand where they stood."""
        carried, payload = _split(data)
        return payload if await self._stands(carried) else None

    async def _stands(self, versions: Mapping[str, bytes]) -> bool:
        return await self._read(*map(self._tag, versions)) == list(versions.values())

    async def _leased(self, key: str, tags: Collection[str]) -> Lease:
        guard, token = self._client.key(_lease(key)), os.urandom(_VERSION)
        (_, begun), versions = await self._versions(
            tags, ("SET", guard, token, "NX", "PX", _LEASE), ("GET", guard)
        )
        return Lease(key, cast("bytes | None", begun) or token, versions)

    async def _versions(self, tags: Collection[str], *before: Words) -> tuple[list[object], dict[str, bytes]]:
        """Returns the replies to the commands before, and the versions of tags, made where none were."""
        fresh = {tag: os.urandom(_VERSION) for tag in tags}
        commands = list(before)
        for tag, version in fresh.items():
            name = self._tag(tag)
            commands += [
                ("SET", name, version, "NX", "PX", _DAY),
                ("GET", name),
                ("PEXPIRE", name, _DAY, "GT"),
            ]
        replies = await self._all(commands)
        there = cast("list[bytes | None]", replies[len(before) + 1 :: 3])
        # where a tag was forgotten in between, nothing will fit the version, which is right
        versions = {tag: found or fresh[tag] for tag, found in zip(fresh, there, strict=True)}
        return replies[: len(before)], versions

    async def _kept(
        self, key: str, data: bytes, life: int, tags: Collection[str], lease: Lease | None
    ) -> bool:
        if lease is None:
            _, versions = await self._versions(tags) if tags else (None, dict[str, bytes]())
        else:
            versions = dict(lease.versions)
            if versions and not await self._stands(versions):
                return False
        await self._outlive(versions, life)
        data = _head(sorted(versions.items())) + data if versions else data
        args = (data, life, lease.token if lease is not None else b"")
        return bool(await self._client.run(self._set, keys=(_value(key), _lease(key)), args=args))

    async def _outlive(self, versions: Iterable[str], life: int) -> None:
        """Sees to it that tags are known for as long as the value; those of a day are anyway."""
        if life and life < _DAY // 2:
            return
        await self._all(
            [
                ("PEXPIRE", self._tag(tag), life + _DAY, "GT") if life else ("PERSIST", self._tag(tag))
                for tag in versions
            ]
        )

    async def _deleted(self, keys: Iterable[str]) -> int:
        # the lease first: what is computed now can't be kept between the two
        commands: list[Words] = []
        for key in keys:
            commands += [("UNLINK", self._client.key(_lease(key))), ("GETDEL", self._client.key(_value(key)))]
        found = [data for data in cast("list[bytes | None]", (await self._all(commands))[1::2]) if data]
        return sum([data[:1] != _TAGGED or await self._checked(data) is not None for data in found])

    async def _unlinked(self, names: Collection[bytes]) -> None:
        if not self._is_cluster and names:
            await self._connection.run("UNLINK", *names, again=True)
        else:
            await self._all([("UNLINK", name) for name in names])

    async def _read(self, *names: bytes) -> list[bytes | None]:
        if not names:
            return []
        if self._is_cluster:  # they lie on several nodes
            return cast("list[bytes | None]", await self._all([("GET", name) for name in names]))
        return cast("list[bytes | None]", await self._connection.run("MGET", *names, again=True))

    async def _all(self, commands: list[Words]) -> list[object]:
        replies = await self._connection.run_many(commands, again=True)
        for reply in replies:
            if isinstance(reply, Exception):
                raise UnavailableException("redis is away", retry_after=1) from reply
        return replies

    def _tag(self, tag: str) -> bytes:
        return self._client.key(f"tag:{tag}")

    async def _forgotten[T](self, names: list[bytes], work: Callable[[], Awaitable[T]], without: T) -> T:
        """Forgets something; where that can't be told to the server now, it is owed."""
        try:
            return await self._reached(work)
        except BaseException as fault:
            self._owed |= dict.fromkeys(names[: _OWED - len(self._owed)])
            if not isinstance(fault, UnavailableException):
                raise
            _log.warning("redis is away, so that %d keys will be forgotten when it is back", len(names))
            if self._config.on_failure == "raise":
                raise
            return without

    async def _tried[T](self, work: Callable[[], Awaitable[T]], without: T) -> T:
        try:
            return await self._reached(work)
        except UnavailableException as fault:
            if self._config.on_failure == "raise":
                raise
            if not isinstance(fault, CircuitOpenException):
                _log.warning("the cache does without redis: %s", fault.message)
            return without

    async def _reached[T](self, work: Callable[[], Awaitable[T]]) -> T:
        """Does work on the server, unless it was away just now; what is owed goes first."""

        async def reached(_: None) -> T:
            if self._owed:
                names = list(self._owed)
                await self._unlinked(names)
                for name in names:
                    self._owed.pop(name, None)
            return await work()

        return await self._breaker(None, reached)


def _value(key: str) -> str:
    # in a cluster the part in braces puts a value and its lease on one node
    return f"cache{{:{key}}}"


def _lease(key: str) -> str:
    return f"lease{{:{key}}}"


def _head(versions: Iterable[tuple[str, bytes]]) -> bytes:
    parts = []
    for tag, version in versions:
        name = tag.encode("utf-8", "surrogatepass")
        parts += [_ENTRY.pack(len(name)), name, version]
    body = b"".join(parts)
    return _TAGGED + _ENTRY.pack(len(body)) + body


def _split(data: bytes) -> tuple[dict[str, bytes], bytes]:
    end = 5 + _ENTRY.unpack_from(data, 1)[0]
    versions, at = {}, 5
    while at < end:
        start = at + 4
        at = start + _ENTRY.unpack_from(data, at)[0]
        versions[data[start:at].decode("utf-8", "surrogatepass")] = data[at : at + _VERSION]
        at += _VERSION
    return versions, data[end:]
