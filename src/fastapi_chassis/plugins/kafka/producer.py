"""Producer: sends batches in order, and knows of each message whether every in-sync broker has it."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import PublishFailed
from fastapi_chassis.plugins.kafka.connection import KafkaConnection
from fastapi_chassis.plugins.kafka.errors import is_away, reason_of
from fastapi_chassis.plugins.kafka.parcel import Parcel, Place, Record

_CLOSING = 1.0  # seconds
_MAX_REQUEST = 1_048_576  # bytes, as brokers have it by default
_REMEMBERED = 100_000  # keys whose hash is known
_log = logging.getLogger("fastapi_chassis.kafka")


class KafkaProducer:
    """An idempotent producer; one that met an outage is replaced, for nobody knows where its numbers stand.

    Args:
        connection: the cluster.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._producer: Any = None
        self._turn = asyncio.Lock()
        self._hashes: dict[bytes, int] = {}
        self._turns: defaultdict[Place, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send(self, records: Sequence[Record]) -> None:
        """Sends records, and returns when all of them are confirmed.

        Where one is refused, those of its key that come after it are not sent.

        Raises:
            PublishFailed: some were refused.
            UnavailableException: the cluster did not answer in time; none is known to be confirmed.
        """
        producer = await self._started()
        refused: dict[int, str] = {}
        try:
            async with asyncio.timeout(self._connection.config.publish_timeout):
                places = await self._sorted(producer, records)
                sending = (
                    self._send_in_order(producer, place, records, positions, refused)
                    for place, positions in places.items()
                )
                await _all(sending)
        except (TimeoutError, KafkaError, OSError) as error:
            await self._replace(producer)
            raise UnavailableException("kafka did not answer", retry_after=1) from error
        if refused:
            raise PublishFailed(refused)

    async def _sorted(self, producer: Any, records: Sequence[Record]) -> Mapping[Place, list[int]]:
        """Sorts positions by the partition that Kafka's own clients would choose."""
        counts: dict[str, int] = {}
        places: dict[Place, list[int]] = {}
        for position, record in enumerate(records):
            count = counts.get(record.topic)
            if count is None:
                count = counts[record.topic] = len(await producer.partitions_for(record.topic))
            places.setdefault(Place(record.topic, self._hash(record.key) % count), []).append(position)
        return places

    def _hash(self, key: bytes) -> int:
        found = self._hashes.get(key)
        if found is None:
            if len(self._hashes) >= _REMEMBERED:
                self._hashes.clear()
            found = self._hashes[key] = murmur2(key) & 0x7FFFFFFF
        return found

    async def _send_in_order(
        self,
        producer: Any,
        place: Place,
        records: Sequence[Record],
        positions: Sequence[int],
        refused: dict[int, str],
    ) -> None:
        """Sends one parcel after the other; one that is refused, record by record."""
        blocked: set[bytes] = set()
        for parcel in self._packed(producer, records, positions):
            keys = {records[position].key for position in parcel.positions}
            if not blocked & keys and parcel.size <= self._limit:
                try:
                    await parcel.sent(producer, place, self._turns[place])
                    continue
                except KafkaError as error:
                    if is_away(error):
                        raise
            for position in parcel.positions:
                reason = await self._sent_alone(producer, place, records[position], blocked)
                if reason:
                    blocked.add(records[position].key)
                    refused[position] = reason

    async def _sent_alone(self, producer: Any, place: Place, record: Record, blocked: set[bytes]) -> str:
        """Sends one record; returns why it was refused, if it was."""
        if record.key in blocked:
            return "a message of its key that comes before it was refused"
        alone = Parcel(producer)
        alone.has_taken(0, record)
        if alone.size > self._limit:
            return f"it has {alone.size} bytes, and a request to kafka has at most {self._limit}"
        try:
            await alone.sent(producer, place, self._turns[place])
        except KafkaError as error:
            if is_away(error):
                raise
            return reason_of(error)
        return ""

    @property
    def _limit(self) -> int:
        return max(_MAX_REQUEST, self._connection.config.batch_bytes)

    def _packed(self, producer: Any, records: Sequence[Record], positions: Sequence[int]) -> Iterable[Parcel]:
        parcel = Parcel(producer)
        for position in positions:
            if not parcel.has_taken(position, records[position]):
                yield parcel
                parcel = Parcel(producer)
                parcel.has_taken(position, records[position])
        yield parcel

    async def close(self) -> None:
        """Closes the connections."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stopped(producer)

    async def _started(self) -> Any:
        if self._producer is not None:
            return self._producer
        async with self._turn:
            if self._producer is None:
                config = self._connection.config
                producer: Any = self._connection.client(
                    AIOKafkaProducer,
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=config.batch_bytes,
                    max_request_size=self._limit,
                )
                try:
                    async with asyncio.timeout(config.publish_timeout):
                        await producer.start()
                except (TimeoutError, KafkaError, OSError) as error:
                    await _stopped(producer)
                    raise UnavailableException("kafka is away", retry_after=1) from error
                self._producer = producer
        return self._producer

    async def _replace(self, producer: Any) -> None:
        if self._producer is producer:
            self._producer = None
            await _stopped(producer)


async def _all(works: Iterable[Coroutine[object, object, None]]) -> None:
    """Waits for all; the first failure ends the others."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _stopped(producer: Any) -> None:
    # what it still holds was reported as failed, and must not be sent behind what comes after it
    try:
        async with asyncio.timeout(_CLOSING):
            await producer.stop()
    except Exception as error:  # noqa: BLE001 - a connection that is broken anyway
        _log.debug("a producer was left: %r", error)
