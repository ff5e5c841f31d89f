"""Topology: how many streams there are, what all that belongs to them is called, and their upkeep."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast
from zlib import crc32

from fastapi_chassis.plugins.redis.connection import RedisConnection, Word, Words, translate_errors
from fastapi_chassis.plugins.redis.errors import UnknownScriptError
from fastapi_chassis.plugins.redis.script import Script, shipped_script

_WANTED = 3_600_000  # milliseconds for which a group wants what one of its members has asked for
_TRIMMED = 100_000  # messages that one call removes at most


@dataclass(frozen=True, slots=True)
class Call:
    """A script on the keys of one stream.

    Args:
        script: what runs.
        keys: what it touches.
        args: what else it is told.
    """

    script: Script
    keys: Sequence[str]
    args: Sequence[Word]

    @property
    def by_digest(self) -> Words:
        """The command for a server that knows the script."""
        return ("EVALSHA", self.script.digest, len(self.keys), *self.keys, *self.args)

    @property
    def in_full(self) -> Words:
        """The command for any server."""
        return ("EVAL", self.script.source, len(self.keys), *self.keys, *self.args)


class Streams:
    """The streams on one server or cluster; what belongs to one of them lies on its node.

    Args:
        connection: reaches them.
    """

    def __init__(self, connection: RedisConnection) -> None:
        self.connection, self.config = connection, connection.config.streams
        self._join, self._trim = shipped_script("stream_join"), shipped_script("stream_trim")

    def stream(self, partition: int) -> str:
        """Names the stream of a part."""
        return f"{self.config.prefix}{{{partition}}}"

    def lease(self, partition: int, group: str) -> str:
        """Names where it is written who reads a part for a group."""
        return f"{self.stream(partition)}:lease:{group}"

    def wanted(self, partition: int, group: str) -> str:
        """Names where a group's destinations are written."""
        return f"{self.stream(partition)}:wanted:{group}"

    def members(self, group: str) -> str:
        """Names where the members of a group are written."""
        return f"{self.config.prefix}members:{group}"

    def dead(self, group: str) -> str:
        """Names the stream of a group's dead letters."""
        return f"{self.config.prefix}dead:{group}"

    async def count(self) -> int:
        """Returns how many streams there are; who asks first says so.

        Raises:
            UnavailableException: the server is away.
        """
        name = f"{self.config.prefix}partitions"
        await self.connection.run("SET", name, self.config.partitions, "NX", again=True)
        return int(cast("bytes", await self.connection.run("GET", name, again=True)))

    async def join(self, group: str, partitions: int, destinations: Iterable[str]) -> None:
        """Makes a group where it is not there, and says what it wants; to be said again within the hour.

        Raises:
            UnavailableException: the server is away.
            RedisCommandError: something else lies there.
        """
        args: tuple[Word, ...] = (group, _WANTED, *sorted(destinations))
        await self.run(
            [
                Call(self._join, (self.stream(number), self.wanted(number, group)), args)
                for number in range(partitions)
            ]
        )

    async def trim(self, partitions: Iterable[int]) -> None:
        """Removes what is old and settled.

        Raises:
            UnavailableException: the server is away.
        """
        args = (int(self.config.keep * 1000), _TRIMMED)
        await self.run([Call(self._trim, (self.stream(number),), args) for number in partitions])

    async def run(self, calls: Sequence[Call]) -> list[object]:
        """Runs scripts and returns their replies.

        Raises:
            UnavailableException: the server is away; whether they ran is then unknown.
            RedisCommandError: it refuses one.
        """
        replies = await self.tried(calls)
        with translate_errors():
            for reply in replies:
                if isinstance(reply, Exception):
                    raise reply
        return replies

    async def tried(self, calls: Sequence[Call], *after: Words) -> list[object]:
        """Runs scripts, and a command after them on the same connection; what is refused is an exception.

        Raises:
            UnavailableException: the server is away; whether they ran is then unknown.
        """
        replies = await self.connection.run_apart([*(call.by_digest for call in calls), *after])
        unknown = [at for at, reply in enumerate(replies) if _is_unknown(reply)]
        if unknown:
            again = await self.connection.run_apart([*(calls[at].in_full for at in unknown), *after])
            for at, reply in zip(unknown, again, strict=False):
                replies[at] = reply
            replies[len(calls) :] = again[len(unknown) :]
        return replies


def partition_in(key: bytes, partitions: int) -> int:
    """Says in which stream a key's messages lie."""
    return crc32(key) % partitions


def _is_unknown(reply: object) -> bool:
    if not isinstance(reply, Exception):
        return False
    try:
        with translate_errors():
            raise reply
    except UnknownScriptError:
        return True
    except Exception:  # noqa: BLE001 - the caller is given it
        return False
