"""Publishing: a batch goes out as one piece, and one wait ends with the last of its confirmations."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from aiormq import Channel
from aiormq.abc import ChannelFrame, ConfirmationFrameType
from aiormq.exceptions import PublishError
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.aiopika.connection import AioPikaConnection
from fastapi_chassis.plugins.aiopika.errors import away, translate_errors
from fastapi_chassis.plugins.aiopika.topology import declare_exchange


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message with its address.

    Args:
        exchange: where it is sent; empty for a queue by its name.
        routing_key: the destination, or the name of the queue.
        properties: with the id that is told when no queue takes it.
        body: the payload.
    """

    exchange: str
    routing_key: str
    properties: Basic.Properties
    body: bytes


class FaultEnum(StrEnum):
    """Why a message was not taken."""

    REFUSED = "the broker refused the message"
    UNROUTABLE = "no queue takes the message"


class Publisher:
    """Sends on one channel, which is opened again when it was lost.

    Args:
        connection: of its own: a server that is short of memory stops those that publish on it.
    """

    def __init__(self, connection: AioPikaConnection) -> None:
        self.connection = connection
        self._channel: Channel | None = None
        self._opening = asyncio.Lock()

    async def send(self, parcels: Sequence[Parcel]) -> dict[int, FaultEnum]:
        """Sends a batch in order and returns which of it were not taken, by position.

        Raises:
            UnavailableException: the server is away, or does not confirm in time.
        """
        timeout = self.connection.config.publish_timeout
        channel: Channel | None = None
        try:
            async with asyncio.timeout(timeout):
                channel = await self._opened()
                with translate_errors():
                    await channel.connection.ready()  # waits while the server takes nothing
                    return await self._sent(channel, parcels)
        except TimeoutError as error:
            if channel is not None and not await self.connection.is_blocked():
                self.connection.drop(channel)
            raise away() from error

    async def _sent(self, channel: Channel, parcels: Sequence[Parcel]) -> dict[int, FaultEnum]:
        batch = _Batch(channel, len(parcels))
        closing = channel.closing
        closing.add_done_callback(batch.lose)
        try:
            await self._write(channel, parcels, batch)
            return await batch.ended
        finally:
            closing.remove_done_callback(batch.lose)
            closing.cancel()

    async def _write(self, channel: Channel, parcels: Sequence[Parcel], batch: "_Batch") -> None:
        pieces = [_marshalled(channel, parcel) for parcel in parcels]
        async with channel.lock:
            for position, parcel in enumerate(parcels):
                channel.delivery_tag += 1
                batch.expect(position, channel.delivery_tag, parcel.properties.message_id or "")
            try:
                await channel.write_queue.put(ChannelFrame(b"".join(pieces), should_close=False))
            except BaseException:
                self.connection.drop(channel)  # its numbers do not fit those of the server any more
                raise

    async def _opened(self) -> Channel:
        async with self._opening:
            if self._channel is None or not self.connection.carries(self._channel):
                channel = await self.connection.channel()
                config = self.connection.config
                with translate_errors():
                    await declare_exchange(channel, config.exchange, within=config.connect_timeout)
                self._channel = channel
            return self._channel


class _Batch:
    """Messages that were sent and are not all confirmed yet."""

    def __init__(self, channel: Channel, size: int) -> None:
        self.ended: asyncio.Future[dict[int, FaultEnum]] = asyncio.get_running_loop().create_future()
        self._faults: dict[int, FaultEnum] = {}
        self._left = size
        self._channel = channel

    def expect(self, position: int, tag: int, message_id: str) -> None:
        """Has the channel tell of one message."""
        confirmation = _Confirmation(self, position, tag, message_id)
        self._channel.confirmations[tag] = cast("asyncio.Future[object]", confirmation)
        self._channel.message_id_delivery_tag[message_id] = tag

    def end(self, confirmation: "_Confirmation", fault: FaultEnum | None) -> None:
        """Notes what became of one message."""
        known = self._channel.message_id_delivery_tag
        if known.get(confirmation.message_id) == confirmation.tag:
            del known[confirmation.message_id]
        if fault is not None:
            self._faults[confirmation.position] = fault
        self._left -= 1
        if not self._left and not self.ended.done():
            self.ended.set_result(self._faults)

    def lose(self, closing: asyncio.Future[object]) -> None:
        """Ends the wait: the channel is closed."""
        if not self.ended.done():
            cause = None if closing.cancelled() else closing.exception()
            self.ended.set_exception(_lost(cause))


class _Confirmation:
    """Stands where the channel expects a future, of which it uses this much: a real one costs more."""

    __slots__ = ("batch", "message_id", "position", "tag")

    def __init__(self, batch: _Batch, position: int, tag: int, message_id: str) -> None:
        self.batch, self.position, self.tag, self.message_id = batch, position, tag, message_id

    def done(self) -> bool:
        return False

    def set_result(self, _: ConfirmationFrameType) -> None:
        self.batch.end(self, None)

    def set_exception(self, error: BaseException) -> None:
        returned = isinstance(error, PublishError)
        self.batch.end(self, FaultEnum.UNROUTABLE if returned else FaultEnum.REFUSED)


def _marshalled(channel: Channel, parcel: Parcel) -> bytes:
    most = channel.max_content_size
    publish = Basic.Publish(exchange=parcel.exchange, routing_key=parcel.routing_key, mandatory=True)
    header = ContentHeader(properties=parcel.properties, body_size=len(parcel.body))
    bodies = [ContentBody(parcel.body[at : at + most]) for at in range(0, len(parcel.body), most)]
    return ChannelFrame.marshall(channel.number, [publish, header, *bodies]).payload


def _lost(cause: BaseException | None) -> UnavailableException:
    lost = away()
    lost.__cause__ = cause
    return lost
