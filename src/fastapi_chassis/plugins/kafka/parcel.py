"""Parcels: records that travel together to one partition."""

import asyncio
from typing import Any, NamedTuple, Protocol


class Record(Protocol):
    """A message as Kafka takes it."""

    @property
    def topic(self) -> str:
        """Where it goes."""
        ...

    @property
    def key(self) -> bytes:
        """What decides on the partition."""
        ...

    @property
    def value(self) -> bytes:
        """The payload."""
        ...

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """What goes along; made when asked for: thousands at once would burden the collector."""
        ...


class Place(NamedTuple):
    """Where records lie behind each other."""

    topic: str
    partition: int


class Parcel:
    """Records of one partition that travel together.

    Args:
        producer: what sends them.
    """

    def __init__(self, producer: Any) -> None:
        self._builder: Any = producer.create_batch()
        self.positions: list[int] = []

    @property
    def size(self) -> int:
        """Bytes, so far."""
        return int(self._builder.size())

    def has_taken(self, position: int, record: Record) -> bool:
        """Takes a record if there is room; the first one always has room."""
        taken = self._builder.append(
            timestamp=None, key=record.key, value=record.value, headers=record.headers
        )
        if taken is not None:
            self.positions.append(position)
        return taken is not None

    async def sent(self, producer: Any, place: Place, turn: asyncio.Lock) -> None:
        """Returns when it is confirmed.

        Args:
            producer: what sends it.
            place: where it goes.
            turn: whose turn it is to wait for room there: of many that wait at once, the client would have
                some fail.

        Raises:
            KafkaError: it is not confirmed.
        """
        self._builder.close()  # waits for no other records
        async with turn:
            confirmed = await producer.send_batch(self._builder, place.topic, partition=place.partition)
        await confirmed
