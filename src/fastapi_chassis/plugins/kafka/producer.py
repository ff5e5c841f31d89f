"""Producer: sends batches in order, and knows of each message whether every in-sync broker has it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import PublishFailed
from fastapi_chassis.plugins.kafka.connection import KafkaConnection
from fastapi_chassis.plugins.kafka.errors import is_away, reason_of

_CLOSING = 1.0  # seconds
_log = logging.getLogger("fastapi_chassis.kafka")


@dataclass(frozen=True, slots=True)
class Record:
    """A message as Kafka takes it.

    Args:
        topic: where it goes.
        key: decides on the partition.
        value: the payload.
        headers: what goes along.
    """

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class KafkaProducer:
    """An idempotent producer; one that met an outage is replaced, for nobody knows where its numbers stand.

    Args:
        connection: the cluster.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._producer: Any = None
        self._turn = asyncio.Lock()

    async def send(self, records: Sequence[Record]) -> None:
        """Sends records, and returns when all of them are confirmed.

        Raises:
            PublishFailed: some were refused.
            UnavailableException: the cluster did not answer in time; none is known to be confirmed.
        """
        producer = await self._started()
        timeout = self._connection.config.publish_timeout
        try:
            async with asyncio.timeout(timeout):
                confirmations = [await self._handed(producer, record) for record in records]
                answers = await asyncio.gather(*confirmations, return_exceptions=True)
        except (TimeoutError, KafkaError, OSError) as error:
            await self._replace(producer)
            raise UnavailableException("kafka did not answer", retry_after=1) from error
        refused = {place: one for place, one in enumerate(answers) if isinstance(one, BaseException)}
        if not refused:
            return
        if any(is_away(error) for error in refused.values()):
            await self._replace(producer)
            raise UnavailableException("kafka is away", retry_after=1)
        raise PublishFailed({place: reason_of(error) for place, error in refused.items()})

    async def close(self) -> None:
        """Closes the connections."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stopped(producer)

    async def _handed(self, producer: Any, record: Record) -> asyncio.Future[object]:
        try:
            confirmation: asyncio.Future[object] = await producer.send(
                record.topic, record.value, key=record.key, headers=record.headers
            )
        except KafkaError as error:
            if is_away(error):
                raise
            confirmation = asyncio.get_running_loop().create_future()
            confirmation.set_exception(error)
        return confirmation

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
                    linger_ms=round(config.linger * 1_000),
                    max_batch_size=config.batch_bytes,
                    max_request_size=max(1_048_576, config.batch_bytes),
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


async def _stopped(producer: Any) -> None:
    # what it still holds was reported as failed, and must not be sent behind what comes after it
    try:
        async with asyncio.timeout(_CLOSING):
            await producer.stop()
    except Exception as error:  # noqa: BLE001 - a connection that is broken anyway
        _log.debug("a producer was left: %r", error)
