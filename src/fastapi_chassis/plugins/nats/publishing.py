"""Publishing: a batch goes out at once, and one wait ends with the last of its confirmations."""

import asyncio
import json
from collections.abc import Sequence

from nats.aio.msg import Msg

from fastapi_chassis.plugins.nats.connection import NatsConnection
from fastapi_chassis.plugins.nats.errors import away
from fastapi_chassis.plugins.nats.message import Parcel
from fastapi_chassis.plugins.nats.wire import Wire

TOO_LARGE = "the message is larger than the server takes"


class Publisher:
    """Sends, and hears of each message that it lies in its stream.

    Args:
        connection: is broken off where a confirmation stays away: the next attempt must not be overtaken.
    """

    def __init__(self, connection: NatsConnection) -> None:
        self.connection = connection
        self._wire: Wire | None = None
        self._inbox = ""
        self._turn = asyncio.Lock()
        self._number = 0
        self._waiting: dict[int, tuple[_Batch, int]] = {}

    async def send(self, parcels: Sequence[Parcel], *, spare: int = 0) -> dict[int, str]:
        """Sends a batch in order and returns which of it were refused, with reasons, by position.

        Args:
            parcels: the batch.
            spare: bytes by which each must stay below what the server takes.

        Raises:
            UnavailableException: the server is away, or does not confirm in time.
        """
        wire: Wire | None = None
        try:
            async with asyncio.timeout(self.connection.config.publish_timeout):
                wire = await self._listening()
                return await self._sent(wire, parcels, wire.max_payload - spare)
        except TimeoutError as error:
            if wire is not None:
                wire.abort()
            raise away() from error

    async def _sent(self, wire: Wire, parcels: Sequence[Parcel], most: int) -> dict[int, str]:
        batch = _Batch(len(parcels))
        numbers = range(self._number, self._number + len(parcels))
        self._number += len(parcels)
        inbox = self._inbox
        try:
            for position, (number, parcel) in enumerate(zip(numbers, parcels, strict=True)):
                head = parcel.head
                if len(head) + len(parcel.body) > most:
                    batch.end(position, TOO_LARGE)
                    continue
                self._waiting[number] = (batch, position)
                await wire.post(parcel.subject, f"{inbox}.{number}", head, parcel.body)
            await wire.push()
            await asyncio.wait({batch.ended, wire.closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for number in numbers:
                self._waiting.pop(number, None)
        if not batch.ended.done() or batch.is_away:
            raise away()
        return batch.faults

    async def _listening(self) -> Wire:
        async with self._turn:
            wire = await self.connection.wire()
            if wire is not self._wire:
                inbox = wire.inbox()
                await wire.listen(f"{inbox}.*", self._hear)
                self._wire, self._inbox = wire, inbox
            return wire

    async def _hear(self, message: Msg) -> None:
        batch, position = self._waiting.pop(int(message.subject.rpartition(".")[2]), (None, 0))
        if batch is None:
            return
        if not message.data:  # nobody answers for the stream
            batch.is_away = True
            batch.end(position, "there is no such stream")
            if self._wire is not None:
                self._wire.abort()  # the next connection makes it
        elif b'"error"' in message.data:
            error = json.loads(message.data).get("error", {})
            batch.end(position, f"the server refused the message: {error.get('description', '')}")
        else:
            batch.end(position, "")


class _Batch:
    """Messages that were sent and are not all confirmed yet."""

    def __init__(self, size: int) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.faults: dict[int, str] = {}
        self.is_away = False
        self._left = size

    def end(self, position: int, fault: str) -> None:
        """Notes what became of one message."""
        if fault:
            self.faults[position] = fault
        self._left -= 1
        if not self._left and not self.ended.done():
            self.ended.set_result(None)
