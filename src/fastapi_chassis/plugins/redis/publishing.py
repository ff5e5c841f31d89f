"""Publishing: what is for one stream goes there in one step, all of it or none."""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from fastapi_chassis.domain import ChassisError, UnavailableException
from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.redis.connection import RedisConnection
from fastapi_chassis.plugins.redis.errors import told
from fastapi_chassis.plugins.redis.message import fields_of
from fastapi_chassis.plugins.redis.script import shipped_script
from fastapi_chassis.plugins.redis.topology import Call, Streams, partition_in

FULL = "the stream is full: its groups do not read, or too slowly"
TOO_LARGE = "the message is larger than 64 MiB"
_LARGEST = 64 * 1024 * 1024  # bytes
_STEP, _STEP_BYTES = 500, 4 * 1024 * 1024  # messages and bytes for which the server stops for nobody else
_TRIM_EVERY = 5.0  # seconds
_log = logging.getLogger("fastapi_chassis.redis")

type Fields = tuple[bytes, bytes, bytes, bytes]
type Steps = list[dict[int, list[int]]]


class Publisher:
    """Adds messages to their streams.

    Args:
        connection: reaches them.
    """

    def __init__(self, connection: RedisConnection) -> None:
        self._streams = Streams(connection)
        self._config = connection.config.streams
        self._add = shipped_script("stream_add")
        self._partitions = 0
        self._trimmed_at = time.monotonic()

    async def send(self, envelopes: Sequence[Envelope]) -> dict[int, str]:
        """Sends a batch in order and returns which of it were refused, with reasons, by position.

        Raises:
            UnavailableException: the server is away, or does not confirm in time.
        """
        try:
            async with asyncio.timeout(self._config.publish_timeout):
                faults = await self._sent(envelopes)
                await self._trim()
        except (TimeoutError, UnavailableException) as error:
            self._partitions = 0  # another server may have another number
            raise away() from error
        return faults

    async def _sent(self, envelopes: Sequence[Envelope]) -> dict[int, str]:
        if not self._partitions:
            self._partitions = await self._streams.count()
        fields: dict[int, Fields] = {}
        faults: dict[int, str] = {}
        for position, envelope in enumerate(envelopes):
            try:
                fields[position] = fields_of(envelope)
                if sum(map(len, fields[position])) > _LARGEST:
                    del fields[position]
                    faults[position] = TOO_LARGE
            except ValueError as fault:  # text that is none
                faults[position] = f"the message does not fit into redis: {fault}"
        refused: set[int] = set()
        for step in _steps(fields, self._partitions):
            faults |= await self._add_step(step, fields, refused)
        return faults

    async def _add_step(
        self, step: Mapping[int, list[int]], fields: Mapping[int, Fields], refused: set[int]
    ) -> dict[int, str]:
        """Adds to every stream at once; where one refuses, nothing later of the batch follows."""
        faults = {at: FULL for part in refused & step.keys() for at in step[part]}
        parts = [part for part in step if part not in refused]
        if not parts:
            return faults
        calls = [
            Call(self._add, (self._streams.stream(part),), self._words(fields[at] for at in step[part]))
            for part in parts
        ]
        replicas, patience = self._config.replicas, int(self._config.publish_timeout * 1000)
        after = (("WAIT", replicas, patience),) if replicas else ()
        replies = await self._streams.tried(calls, *after)
        for reply in replies:
            if isinstance(reply, Exception):
                raise told(reply) or reply
        if replicas and cast("int", replies[-1]) < replicas:
            raise away()
        for part, added in zip(parts, replies, strict=False):
            if not added:
                refused.add(part)
                faults |= dict.fromkeys(step[part], FULL)
        return faults

    def _words(self, messages: Iterable[Fields]) -> list[bytes | int]:
        words: list[bytes | int] = [self._config.max_length]
        for fields in messages:
            words += fields
        return words

    async def _trim(self) -> None:
        if time.monotonic() - self._trimmed_at < _TRIM_EVERY:
            return
        self._trimmed_at = time.monotonic()
        try:
            await self._streams.trim(range(self._partitions))
        except (UnavailableException, ChassisError) as error:
            _log.warning("the streams were not trimmed: %r", error)


def away() -> UnavailableException:
    """Makes what callers meet while the server is away."""
    return UnavailableException("redis is away", retry_after=1)


def _steps(fields: Mapping[int, Fields], partitions: int) -> Iterator[dict[int, list[int]]]:
    """Cuts a batch by streams, and what is for one stream into steps that do not hold up the server."""
    steps: Steps = []
    now: dict[int, tuple[int, int]] = {}  # of each stream: its step, and the bytes in it
    for position, one in fields.items():
        part = partition_in(one[1], partitions)
        step, size = now.get(part, (0, 0))
        size += len(one[2]) + len(one[3])
        if size > _STEP_BYTES or (step < len(steps) and len(steps[step].get(part, ())) >= _STEP):
            step, size = step + 1, len(one[2]) + len(one[3])
        now[part] = step, size
        while len(steps) <= step:
            steps.append({})
        steps[step].setdefault(part, []).append(position)
    return iter(steps)
