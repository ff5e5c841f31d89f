"""RedisClient: Redis as a service uses it, every key under its prefix and every value type-exact."""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import cast, override

from fastapi_chassis.caching import decode_value
from fastapi_chassis.plugins.redis.commands import Read, RedisCommands
from fastapi_chassis.plugins.redis.connection import RedisConnection, Word
from fastapi_chassis.plugins.redis.errors import UnknownScriptError
from fastapi_chassis.plugins.redis.pipeline import RedisPipeline
from fastapi_chassis.plugins.redis.script import Script


@dataclass(frozen=True, slots=True)
class RegisteredScript:
    """A script that runs through a client, or in a pipeline of it.

    Args:
        client: runs it.
        script: what runs.
    """

    client: RedisCommands
    script: Script

    def __call__(
        self,
        *,
        keys: tuple[str, ...] = (),
        args: tuple[Word, ...] = (),
        within: RedisPipeline | None = None,
    ) -> Awaitable[object]:
        """Runs it as one step on the server; returns its reply as it is.

        Args:
            keys: all keys that it touches, which become KEYS with the prefix; in a cluster of one slot.
            args: what becomes ARGV.
            within: a pipeline that takes it along.
        """
        return (within or self.client).run(self.script, keys=keys, args=args)


_SPECIAL = frozenset(rb"*?[]\^-")


class RedisClient(RedisCommands):
    """Values, hashes, lists, sets, scans, pipelines and scripts on one server or cluster.

    Args:
        connection: carries commands while it is open.
        prefix: what every key begins with; the configured one goes before.
    """

    def __init__(self, connection: RedisConnection, *, prefix: str = "chassis:") -> None:
        super().__init__(connection.config.prefix or prefix)
        self.connection = connection

    @override
    async def send[T](self, read: Read[T], *words: Word, again: bool = False) -> T:
        """Sends a command."""
        return read(await self.connection.run(*words, again=again))

    def pipeline(self, *, transaction: bool = False) -> RedisPipeline:
        """Returns a block whose commands go to the server together.

        Args:
            transaction: whether they run as one step.
        """
        return RedisPipeline(self.connection, self.prefix, transaction=transaction)

    def register_script(self, script: Script | Path) -> RegisteredScript:
        """Makes a Lua file callable; also before the connection is open."""
        return RegisteredScript(self, Script.of_file(script) if isinstance(script, Path) else script)

    @override
    async def run(self, script: Script, *, keys: tuple[str, ...] = (), args: tuple[Word, ...] = ()) -> object:
        """Runs a script by its digest; sends its source where the server does not know it."""
        words = (len(keys), *map(self.key, keys), *args)
        try:
            return await self.connection.run("EVALSHA", script.digest, *words)
        except UnknownScriptError:
            return await self.connection.run("EVAL", script.source, *words)

    async def scan(self, pattern: str = "*", *, batch: int = 500) -> AsyncIterator[str]:
        """Yields the names of keys that fit a pattern, without the prefix; one may come twice.

        Args:
            pattern: `*` is any text, `?` any character, `[ab]` one of them; a backslash takes that away.
            batch: how many keys the server looks at on one way.
        """
        prefix = self.key("")
        fitting = _literally(prefix) + pattern.encode("utf-8", "surrogatepass")
        async for key in self.connection.scan(fitting, batch):
            yield key[len(prefix) :].decode("utf-8", "surrogatepass")

    async def sscan(self, key: str, *, batch: int = 500) -> AsyncIterator[object]:
        """Yields the values of a set without holding all of them; one may come twice."""
        cursor = 0
        while True:
            reply = await self.connection.run("SSCAN", self.key(key), cursor, "COUNT", batch, again=True)
            cursor, found = cast("tuple[int, list[bytes]]", reply)
            for member in found:
                yield decode_value(member)
            if int(cursor) == 0:
                return


def _literally(prefix: bytes) -> bytes:
    return b"".join(b"\\" + bytes([one]) if one in _SPECIAL else bytes([one]) for one in prefix)
