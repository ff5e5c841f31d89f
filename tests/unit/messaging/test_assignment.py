import asyncio
from collections.abc import Iterable
from datetime import timedelta
from time import monotonic

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import Ack, Assignment, Delivery, Outcome, ReadLease, Retry
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.envelopes import envelope

pytestmark = pytest.mark.requirement("MSG-6")


class Shelf:
    """A partition in the memory of one process."""

    def __init__(self, number: int) -> None:
        self.lease, self.share = ReadLease(partition=number, until=monotonic() + 3_600), 0
        self.is_followed = self.is_leaving = self.is_lost = False
        self.may_leave = asyncio.Event()
        self.may_leave.set()
        self.fault: Exception | None = None
        self.has_failed = asyncio.Event()

    async def follow(self) -> None:
        self.is_followed = True
        try:
            await self.has_failed.wait()
            raise UnavailableException("away")
        finally:
            self.is_followed = False

    async def leave(self) -> None:
        assert not self.is_followed
        self.is_leaving = True
        await self.may_leave.wait()
        if self.fault is not None:
            raise self.fault

    def lose(self) -> None:
        self.is_lost = True


class Library:
    """Where leases are kept, and one reader of it."""

    def __init__(self, held: int = 10) -> None:
        self.taken: dict[int, Shelf] = {}
        self.others: set[int] = set()
        self.given_back: list[int] = []
        self.received: list[int] = []
        self.assignment = Assignment[Shelf]("shop", held, self._receive, _place, self._give_back)
        self.assignment.resize(4)

    async def take(self, number: int) -> Shelf | None:
        if number in self.others:
            return None
        self.taken[number] = Shelf(number)
        return self.taken[number]

    async def balance(self, own: Iterable[int]) -> None:
        await self.assignment.balance(frozenset(own), self.take)
        await asyncio.sleep(0)

    @property
    def numbers(self) -> list[int]:
        return sorted(one.lease.partition for one in self.assignment.partitions)

    async def _give_back(self, shelf: Shelf) -> None:
        self.given_back.append(shelf.lease.partition)

    async def _receive(self, delivery: Delivery) -> Outcome:
        self.received.append(int(delivery.envelope.payload))
        return Ack()


def _place(key: str, count: int) -> int:
    return int(key) % count


def delivery(number: int) -> Delivery:
    return Delivery(envelope(number, key=str(number)), 1)


async def test_it_takes_what_is_free_and_follows_it_each_with_its_share() -> None:
    library = Library(held=10)
    library.others = {2}
    await library.balance(range(4))
    assert library.numbers == [0, 1, 3]
    assert all(one.is_followed for one in library.assignment.partitions)
    assert [one.share for one in library.assignment.partitions] == [3, 3, 3]
    library.others = set()
    await library.balance(range(4))
    assert library.numbers == [0, 1, 2, 3]
    assert {one.share for one in library.assignment.partitions} == {2}
    await library.assignment.suspend(patient=False)


async def test_what_is_others_is_left_given_back_and_may_be_taken_again() -> None:
    library = Library()
    await library.balance(range(4))
    library.taken[1].may_leave.clear()
    await library.balance([0, 2])
    await eventually(lambda: library.numbers == [0, 1, 2])
    assert library.given_back == [3]
    assert not library.taken[1].is_followed
    assert await library.assignment.receive(delivery(1)) == Ack()  # until it has left
    library.taken[1].may_leave.set()
    await eventually(lambda: library.given_back == [3, 1])
    await library.assignment.wait(0.01)
    await library.balance([0, 1, 2])
    assert library.numbers == [0, 1, 2]
    await library.assignment.suspend(patient=False)


async def test_only_what_it_has_is_handed_on() -> None:
    library = Library()
    await library.balance([0, 1])
    library.taken[1].lease.until = 0  # its time has ended
    outcomes = [await library.assignment.receive(delivery(number)) for number in range(3)]
    refused = Retry(timedelta(milliseconds=200), "the lease has ended")
    assert outcomes == [Ack(), refused, refused]
    assert library.received == [0]
    await library.assignment.suspend(patient=False)


async def test_another_number_of_partitions_makes_all_of_them_others() -> None:
    library = Library()
    await library.balance([0, 1])
    library.assignment.resize(4)
    assert library.numbers == [0, 1]
    library.assignment.resize(5)
    assert (library.numbers, library.assignment.count) == ([], 5)
    assert all(one.is_lost and not one.lease.holds for one in library.taken.values())
    await eventually(lambda: not any(one.is_followed for one in library.taken.values()))


async def test_lost_late_it_does_not_take_the_next_one_with_it() -> None:
    library = Library()
    await library.balance([0])
    first = library.taken[0]
    library.assignment.lose([first])
    await library.balance([0])
    library.assignment.lose([first])
    assert library.assignment.partitions == (library.taken[0],)
    assert library.taken[0].is_followed
    await library.assignment.suspend(patient=False)


async def test_to_wait_ends_with_its_time_or_when_it_is_woken_even_before() -> None:
    library = Library()
    await library.assignment.wait(0.01)
    await library.balance([0])
    await library.assignment.wait(0.01)
    async with asyncio.timeout(30):
        asyncio.get_running_loop().call_later(0.01, library.assignment.wake)
        await library.assignment.wait(3_600)
        library.assignment.wake()
        await library.assignment.wait(3_600)
    with pytest.raises(TimeoutError):  # it was woken once
        async with asyncio.timeout(0.02):
            await library.assignment.wait(3_600)
    await library.assignment.suspend(patient=False)


async def test_what_a_partition_fails_with_ends_the_wait() -> None:
    library = Library()
    await library.balance([0, 1])
    library.taken[0].has_failed.set()
    with pytest.raises(UnavailableException):
        await library.assignment.wait(3_600)
    await library.assignment.suspend(patient=False)
    library.taken[1].fault = UnavailableException("away")
    await library.balance([0])
    with pytest.raises(UnavailableException):
        await library.assignment.wait(3_600)
    assert library.taken[1].is_lost
    assert (library.numbers, library.given_back) == ([0], [])
    await library.assignment.suspend(patient=False)


async def test_suspended_it_keeps_what_it_has_and_follows_it_again() -> None:
    library = Library()
    await library.balance([0, 1])
    library.taken[1].may_leave.clear()
    await library.balance([0])
    await eventually(lambda: library.taken[1].is_leaving)
    await library.assignment.suspend(patient=False)
    assert not library.taken[0].is_followed
    assert library.taken[1].is_lost  # it was leaving, and could not say so
    await library.balance([0])
    assert library.taken[0].is_followed
    await library.assignment.suspend(patient=False)


async def test_patient_it_lets_go_in_peace() -> None:
    library = Library()
    await library.balance([0, 1])
    library.taken[1].may_leave.clear()
    await library.balance([0])
    suspending = asyncio.create_task(library.assignment.suspend(patient=True))
    await asyncio.sleep(0)
    library.taken[1].may_leave.set()
    await suspending
    assert library.given_back == [1]
    assert not library.taken[1].is_lost


async def test_at_its_end_it_gives_everything_back() -> None:
    library = Library()
    await library.balance(range(4))
    await library.assignment.suspend(patient=True)
    await library.assignment.give_up()
    assert sorted(library.given_back) == [0, 1, 2, 3]
    assert library.numbers == []
