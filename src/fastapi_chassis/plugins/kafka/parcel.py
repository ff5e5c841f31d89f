"""Parcels: records that travel together to one partition."""

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

    async def sent(self, producer: Any, place: Place) -> None:
        """Returns when it is confirmed.

        Raises:
            KafkaError: it is not.
        """
        self._builder.close()  # waits for no other records
        await (await producer.send_batch(self._builder, place.topic, partition=place.partition))
