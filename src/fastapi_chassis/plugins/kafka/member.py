"""Member: one process's part in a consumer group, from the poll to the commit of offsets."""

import asyncio
import logging
import random
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import (
    Ack,
    DeadLetter,
    Deliveries,
    Held,
    Receive,
    Subscription,
    UnreadableMessage,
    bury_until_kept,
    is_cancelled,
)
from fastapi_chassis.plugins.kafka.connection import KafkaConnection, milliseconds
from fastapi_chassis.plugins.kafka.producer import KafkaProducer
from fastapi_chassis.plugins.kafka.progress import Progress
from fastapi_chassis.plugins.kafka.records import dead_record, dead_topic, envelope_in, stand_in_for

_POLL = 0.2  # seconds that a poll waits for records
_SILENCE = 60.0  # seconds without a poll: a fifth of what the client allows
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_log = logging.getLogger("fastapi_chassis.kafka")


class Given(NamedTuple):
    """A record that was given, and its partition."""

    partition: TopicPartition
    record: "ConsumerRecord[bytes, bytes]"


class KafkaMember(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Takes records while there is room, and commits what is settled without a gap.

    Args:
        connection: the cluster.
        producer: keeps dead letters.
        subscription: who wants what.
        receive: takes deliveries.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        producer: KafkaProducer,
        subscription: Subscription,
        receive: Receive,
    ) -> None:
        self._connection, self._producer, self._subscription = connection, producer, subscription
        self._deliveries = Deliveries[Given](
            receive,
            self._settle,
            concurrency=subscription.concurrency,
            most=connection.config.held,
        )
        self._progress: dict[TopicPartition, Progress] = {}
        self._consumer: Any = None
        self._polling: asyncio.Task[None] | None = None
        self._committing: asyncio.Task[None] | None = None
        self._is_stopping = False

    async def start(self) -> None:
        """Joins the group.

        Raises:
            UnavailableException: the cluster does not answer.
        """
        await self._connection.want(self._subscription.destinations)
        await self._join()
        self._polling = asyncio.create_task(self._poll(), name=f"poll {self._subscription.group}")
        self._committing = asyncio.create_task(
            self._commit_often(), name=f"commit {self._subscription.group}"
        )

    async def stop(self) -> None:
        """Takes no more records, settles those that are being handled, and leaves the group."""
        if self._is_stopping:
            return
        self._is_stopping = True
        tasks = [task for task in (self._polling, self._committing) if task is not None]
        try:
            await self._deliveries.stop()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._commit()
            await self._leave()

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride]  # aiokafka awaits it
        self, revoked: Collection[TopicPartition]
    ) -> None:
        """Gives partitions back, once what is being handled of them is settled and committed."""
        gone = set(revoked)
        self._deliveries.forget(lambda held: held.handle.partition in gone)
        try:
            async with asyncio.timeout(self._connection.config.session_timeout / 2):
                await self._deliveries.finished(lambda held: held.handle.partition in gone)
        except TimeoutError:
            _log.warning("%s gives partitions back while a handler runs", self._subscription.group)
        await self._commit()
        for partition in gone:
            self._progress.pop(partition, None)

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride]  # as above
        self, assigned: Collection[TopicPartition]
    ) -> None:
        """Begins with partitions where their last member has ended."""
        for partition in assigned:
            self._progress[partition] = Progress()

    async def _join(self) -> None:
        config = self._connection.config
        consumer: Any = self._connection.client(
            AIOKafkaConsumer,
            group_id=self._subscription.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=milliseconds(config.session_timeout),
            heartbeat_interval_ms=milliseconds(config.session_timeout / 4),
        )
        consumer.subscribe(sorted(self._subscription.destinations), listener=self)
        try:
            async with asyncio.timeout(config.publish_timeout):
                await consumer.start()
        except (TimeoutError, KafkaError, OSError) as error:
            await _left(consumer)
            raise UnavailableException("kafka is away", retry_after=1) from error
        self._consumer = consumer

    async def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await _left(consumer)

    async def _poll(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                if self._consumer is None:
                    await self._join()
                await self._take()
                pause = _FIRST_PAUSE
            except (KafkaError, OSError, UnavailableException) as error:
                _log.warning("%s lost kafka and joins again: %r", self._subscription.group, error)
                self._deliveries.forget(lambda _: True)
                await self._leave()
                await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads attempts
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _take(self) -> None:
        """Polls once there is room.

        The client takes a member for dead that polls for nothing too long, so it does now and then; but what
        the client has fetched ahead is lost with that, and is fetched again.
        """
        consumer = self._consumer
        try:
            async with asyncio.timeout(_SILENCE):
                await self._deliveries.wait_for_room()
        except TimeoutError:
            consumer.pause(*consumer.assignment())
            await consumer.getmany(timeout_ms=0)
            consumer.resume(*consumer.paused())
            return
        found: dict[TopicPartition, Sequence[ConsumerRecord[bytes, bytes]]] = await consumer.getmany(
            timeout_ms=milliseconds(_POLL), max_records=self._deliveries.room or 1
        )
        for partition, records in found.items():
            progress = self._progress.setdefault(partition, Progress())
            for record in records:
                progress.take(record.offset)
                self._put(Given(partition, record))

    def _put(self, given: Given) -> None:
        try:
            held = Held(envelope_in(given.record), given)
        except UnreadableMessage as fault:
            held = Held(stand_in_for(given.record), given, unreadable=str(fault))
        self._deliveries.put(held)

    async def _settle(self, held: Held[Given], outcome: Ack | DeadLetter) -> None:
        if isinstance(outcome, DeadLetter):
            bury = partial(self._bury, held, outcome)
            await bury_until_kept(bury, self._subscription.group, may_wait=lambda: not self._is_stopping)
        if (progress := self._progress.get(held.handle.partition)) is not None:
            progress.settle(held.handle.record.offset)

    async def _bury(self, held: Held[Given], outcome: DeadLetter) -> None:
        """Keeps a dead letter; until that is done its partition makes no progress."""
        await self._connection.want((self._dead_topic,))
        dead = dead_record(self._dead_topic, held.handle.record, outcome.reason, held.attempt)
        await self._producer.send([dead])

    @property
    def _dead_topic(self) -> str:
        return dead_topic(self._subscription.group)

    async def _commit_often(self) -> None:
        while True:
            await asyncio.sleep(self._connection.config.commit_interval)
            await self._commit()

    async def _commit(self) -> None:
        consumer = self._consumer
        told = {
            partition: offset
            for partition, progress in self._progress.items()
            if (offset := progress.to_tell) is not None
        }
        if consumer is None or not told:
            return
        try:
            async with asyncio.timeout(self._connection.config.request_timeout):
                await consumer.commit(told)
        except (KafkaError, OSError) as error:
            _log.warning("progress of %s is told later: %r", self._subscription.group, error)
            return
        for partition, offset in told.items():
            if partition in self._progress:
                self._progress[partition].tell(offset)


async def _left(consumer: Any) -> None:
    try:
        async with asyncio.timeout(2):
            try:
                await consumer.stop()
            except asyncio.CancelledError:
                if is_cancelled():
                    raise
                # it broke off its own stop, at a fetch that had just failed
                await consumer._client.close()  # noqa: SLF001 - the step that is left
    except Exception as error:  # noqa: BLE001 - the brokers notice by themselves
        _log.debug("a member left without a word: %r", error)
