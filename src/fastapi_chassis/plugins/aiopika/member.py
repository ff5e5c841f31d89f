"""Member: one consumer of a group, which joins again whenever it was lost, and the letters it sets aside."""

import asyncio
import logging
from functools import partial

from aiormq import Channel
from aiormq.abc import AbstractChannel, DeliveredMessage

from fastapi_chassis.domain import AppException, ChassisError, UnavailableException
from fastapi_chassis.messaging import (
    Ack,
    DeadLetter,
    Deliveries,
    Held,
    Receive,
    Subscription,
    UnreadableMessage,
    bury_until_kept,
    full_jitter,
)
from fastapi_chassis.plugins.aiopika.connection import AioPikaConnection
from fastapi_chassis.plugins.aiopika.errors import away, translate_errors
from fastapi_chassis.plugins.aiopika.message import dead_properties, envelope_of, stand_in_for
from fastapi_chassis.plugins.aiopika.publishing import FaultEnum, Parcel, Publisher
from fastapi_chassis.plugins.aiopika.topology import dead_queue, declare_group

_log = logging.getLogger("fastapi_chassis.aiopika")


class Member:
    """Takes a group's messages, hands them on and settles them.

    Args:
        connection: where they come from; not the one that publishes.
        publisher: carries what is set aside.
        subscription: group, destinations and concurrency.
        receive: says what becomes of a delivery.
    """

    def __init__(
        self,
        connection: AioPikaConnection,
        publisher: Publisher,
        subscription: Subscription,
        receive: Receive,
    ) -> None:
        self._connection, self._publisher, self._subscription = connection, publisher, subscription
        self._config = connection.config
        self._deliveries = Deliveries[DeliveredMessage](
            receive, self._settle, concurrency=subscription.concurrency, most=self._config.prefetch
        )
        self._channel: Channel | None = None
        self._lost = asyncio.Event()
        self._staying: asyncio.Task[None] | None = None
        self._is_given = self._is_stopping = False

    @property
    def group(self) -> str:
        """The group's name."""
        return self._subscription.group

    @property
    def is_joined(self) -> bool:
        """Whether the server gives it messages, as far as is known."""
        return self._is_given and not self._lost.is_set()

    async def join(self) -> None:
        """Begins to take messages.

        Raises:
            UnavailableException: the server is away.
            AioPikaTopologyError: it refuses the queues.
        """
        await self._join()
        self._staying = asyncio.create_task(self._stay(), name=f"member of {self.group}")

    async def stop(self) -> None:
        """Settles what is being handled and gives back the rest, in its order."""
        self._is_stopping = True
        try:
            # the consumer is not cancelled first: the next one would begin before this one has ended
            await self._deliveries.stop()
        finally:
            if self._staying is not None:
                self._staying.cancel()
                await asyncio.gather(self._staying, return_exceptions=True)
            await self._leave()

    async def _join(self) -> None:
        timeout = self._config.connect_timeout
        channel = await self._connection.channel()
        self._lost = lost = asyncio.Event()
        self._channel = channel
        try:
            with translate_errors():
                await declare_group(channel, self._subscription, self._config.exchange, within=timeout)
                await channel.basic_qos(prefetch_count=min(self._deliveries.room, 65_535), timeout=timeout)
                channel.on_consumer_cancel_callbacks.add(lambda _: lost.set())
                await channel.basic_consume(self.group, self._take, timeout=timeout)
            self._is_given = True
        except BaseException:
            await self._leave()
            raise

    async def _leave(self) -> None:
        """Closes the channel: the server gives what is unsettled to the next member, in its order."""
        channel, self._channel, self._is_given = self._channel, None, False
        if channel is None or channel.is_closed:
            return
        try:
            with translate_errors():
                await channel.close(timeout=self._config.connect_timeout)
        except UnavailableException:
            self._connection.drop(channel)

    async def _stay(self) -> None:
        failures = 0
        while True:
            if self._channel is not None:
                await self._watch(self._channel)
                _log.warning("%s has lost the broker, and joins again", self.group)
                failures = 0
            await self._leave()
            await self._deliveries.finished()
            self._deliveries.forget(lambda _: True)
            failures += 1
            await asyncio.sleep(full_jitter(self._connection.retry, failures).total_seconds())
            try:
                await self._join()
                _log.info("%s has joined again", self.group)
            except UnavailableException as error:
                _log.info("%s can't join yet: %s", self.group, error.message)
            except (AppException, ChassisError):
                _log.exception("%s can't join", self.group)

    async def _watch(self, channel: Channel) -> None:
        """Returns when the channel is closed, the server has ended the consumer, or does not answer."""
        lost = self._lost
        closing = channel.closing
        closing.add_done_callback(lambda _: lost.set())
        while not lost.is_set():
            try:
                async with asyncio.timeout(self._config.heartbeat / 2):
                    await lost.wait()
            except TimeoutError:
                await self._ask(channel)
        lost.set()
        closing.cancel()

    async def _ask(self, channel: Channel) -> None:
        """Looks whether server and queue are still there: no consumer hears of a partition by itself."""
        try:
            with translate_errors():
                await channel.queue_declare(self.group, passive=True, timeout=self._config.connect_timeout)
        except UnavailableException as error:
            self._lost.set()
            if isinstance(error.__cause__, TimeoutError):
                self._connection.drop(channel)

    async def _take(self, message: DeliveredMessage) -> None:
        if self._is_stopping:
            return
        destination = message.routing_key or ""
        try:
            held = Held(envelope_of(message.header.properties, message.body, destination), message)
        except UnreadableMessage as fault:
            envelope = stand_in_for(message.header.properties, message.body, destination)
            held = Held(envelope, message, unreadable=str(fault))
        self._deliveries.put(held)

    async def _settle(self, held: Held[DeliveredMessage], outcome: Ack | DeadLetter) -> None:
        if isinstance(outcome, DeadLetter):
            await self._set_aside(held.handle, outcome, held.attempt)
        await self._acknowledge(held.handle)

    async def _acknowledge(self, message: DeliveredMessage) -> None:
        with translate_errors():
            await message.channel.basic_ack(message.delivery_tag or 0, wait=False)

    async def _set_aside(self, message: DeliveredMessage, outcome: DeadLetter, attempts: int) -> None:
        """Keeps a message in the group's other queue, and those behind it back until that has worked."""
        properties = dead_properties(
            message.header.properties,
            outcome,
            destination=message.routing_key or "",
            group=self.group,
            attempts=attempts,
        )
        parcel = Parcel("", dead_queue(self.group), properties, message.body)
        await bury_until_kept(
            partial(self._bury, message.channel, parcel),
            self.group,
            may_wait=lambda: not (message.channel.is_closed or self._lost.is_set() or self._is_stopping),
        )

    async def _bury(self, channel: AbstractChannel, parcel: Parcel) -> None:
        if channel.is_closed:  # the message comes again
            raise away()
        fault = (await self._publisher.send([parcel])).get(0)
        if fault == FaultEnum.UNROUTABLE:
            self._lost.set()  # the queue is gone: it is made again by joining again
        if fault is not None:
            raise UnavailableException(f"rabbitmq does not keep it: {fault}")
