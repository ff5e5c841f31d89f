"""A parcel takes records while there is room; the real builder of the client, without a broker."""

from aiokafka.producer.message_accumulator import BatchBuilder

from fastapi_chassis.plugins.kafka.parcel import Parcel
from fastapi_chassis.plugins.kafka.records import DeadRecord


class Producer:
    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(1_000, 0)


def record(size: int) -> DeadRecord:
    return DeadRecord("topic", b"key", b"x" * size, [("name", b"value")])


def test_it_takes_records_until_it_is_full() -> None:
    parcel = Parcel(Producer())
    taken = [parcel.has_taken(position, record(300)) for position in range(4)]
    assert taken == [True, True, False, False]
    assert parcel.positions == [0, 1]
    assert 600 < parcel.size <= 1_000


def test_the_first_one_always_has_room() -> None:
    parcel = Parcel(Producer())
    assert parcel.has_taken(7, record(5_000))
    assert parcel.size > 5_000
