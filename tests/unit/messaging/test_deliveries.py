import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from fastapi_chassis.messaging import Ack, DeadLetter, Delivery, Outcome, Retry
from fastapi_chassis.messaging.deliveries import Deliveries, Held
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.envelopes import envelope, numbers

pytestmark = pytest.mark.requirement("MSG-6")


class Member:
    """Notes what it handles and settles."""

    def __init__(
        self, answer: Callable[[Delivery], Outcome] = lambda _: Ack(), *, concurrency: int = 4, most: int = 10
    ) -> None:
        self.answer = answer
        self.handled: list[Delivery] = []
        self.settled: list[tuple[int, Ack | DeadLetter]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.deliveries = Deliveries[int](
            self.receive,
            self.settle,
            concurrency=concurrency,
            most=most,
            redelivery_delay=timedelta(milliseconds=5),
        )

    async def receive(self, delivery: Delivery) -> Outcome:
        self.handled.append(delivery)
        await self.gate.wait()
        return self.answer(delivery)

    async def settle(self, held: Held[int], outcome: Ack | DeadLetter) -> None:
        self.settled.append((held.handle, outcome))

    def put(self, number: int, key: str = "a") -> None:
        self.deliveries.put(Held(envelope(number, key=key, destination="topic"), number))

    @property
    def numbers(self) -> list[int]:
        return numbers([one.envelope for one in self.handled])


async def test_those_of_one_key_are_handled_one_after_the_other_and_others_beside_them() -> None:
    member = Member()
    member.gate.clear()
    for number in range(4):
        member.put(number, "a" if number % 2 else "b")
    await asyncio.sleep(0.01)
    assert sorted(member.numbers) == [0, 1]
    member.gate.set()
    await eventually(lambda: len(member.settled) == 4)
    assert sorted(member.numbers[2:]) == [2, 3]


async def test_no_more_at_once_than_was_said() -> None:
    member = Member(concurrency=2)
    member.gate.clear()
    for number in range(5):
        member.put(number, str(number))
    await asyncio.sleep(0.01)
    assert len(member.handled) == 2
    member.gate.set()
    await eventually(lambda: len(member.settled) == 5)


async def test_one_that_comes_again_holds_up_its_key_alone() -> None:
    def answer(delivery: Delivery) -> Outcome:
        first = numbers([delivery.envelope]) == [0]
        return Retry(timedelta(milliseconds=30)) if first and delivery.attempt < 3 else Ack()

    member = Member(answer, concurrency=1)
    member.put(0)
    member.put(1)
    member.put(2, "b")
    await eventually(lambda: len(member.settled) == 3)
    assert member.numbers == [0, 2, 0, 0, 1]
    assert [one.attempt for one in member.handled if numbers([one.envelope]) == [0]] == [1, 2, 3]


async def test_an_exception_counts_as_retry_and_a_dead_letter_is_settled() -> None:
    def answer(delivery: Delivery) -> Outcome:
        if delivery.attempt == 1:
            raise RuntimeError("a fault")
        return DeadLetter("is poison")

    member = Member(answer)
    member.put(0)
    await eventually(lambda: bool(member.settled))
    assert member.settled == [(0, DeadLetter("is poison"))]


async def test_it_says_when_there_is_room() -> None:
    member = Member(concurrency=1, most=2)
    member.gate.clear()
    member.put(0)
    assert member.deliveries.room == 1
    member.put(1)
    waiting = asyncio.create_task(member.deliveries.wait_for_room())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    member.gate.set()
    await asyncio.wait_for(waiting, 1)
    await eventually(lambda: member.deliveries.room == 2)


async def test_stopped_it_settles_what_is_handled_and_begins_nothing_more() -> None:
    member = Member(concurrency=1)
    member.gate.clear()
    member.put(0)
    member.put(1, "b")
    await asyncio.sleep(0.01)
    stopping = asyncio.create_task(member.deliveries.stop())
    await asyncio.sleep(0.01)
    assert not stopping.done()
    member.gate.set()
    await asyncio.wait_for(stopping, 1)
    assert member.settled == [(0, Ack())]
    assert member.numbers == [0]


async def test_what_is_lost_is_forgotten_unless_it_is_handled() -> None:
    member = Member(lambda _: Ack(), concurrency=1)
    member.gate.clear()
    for number, key in ((0, "a"), (1, "a"), (2, "b"), (3, "c")):
        member.put(number, key)
    await asyncio.sleep(0.01)
    member.deliveries.forget(lambda held: held.handle < 3)
    assert member.deliveries.room == 8
    member.gate.set()
    await member.deliveries.finished(lambda held: held.handle == 0)
    await eventually(lambda: len(member.settled) == 2)
    assert member.numbers == [0, 3]


async def test_what_waits_to_come_again_may_be_forgotten_too() -> None:
    member = Member(lambda one: Retry(timedelta(hours=1)) if one.attempt == 1 else Ack())
    member.put(0)
    await eventually(lambda: len(member.handled) == 1)
    await member.deliveries.finished()
    member.deliveries.forget(lambda _: True)
    assert member.deliveries.room == 10
    member.put(0)
    await eventually(lambda: len(member.handled) == 2)
    await member.deliveries.stop()


async def test_who_stood_behind_what_was_forgotten_does_not_wait_for_it() -> None:
    member = Member(lambda one: Retry(timedelta(hours=1)) if numbers([one.envelope]) == [0] else Ack())
    member.put(0)
    member.put(1)
    await eventually(lambda: len(member.handled) == 1)
    await member.deliveries.finished()
    member.deliveries.forget(lambda held: held.handle == 0)
    await eventually(lambda: member.settled == [(1, Ack())])
    assert member.deliveries.room == 10


async def test_what_can_not_be_settled_does_not_hold_up_the_rest() -> None:
    member = Member()

    async def fail(held: Held[int], outcome: Ack | DeadLetter) -> None:
        await member.settle(held, outcome)
        raise ConnectionError("away")

    member.deliveries._settle = fail
    member.put(0)
    member.put(1)
    await eventually(lambda: len(member.settled) == 2)
    assert member.deliveries.room == 10


async def test_stopped_against_its_will_it_can_still_forget() -> None:
    member = Member()
    member.gate.clear()
    member.put(1)
    member.put(2)
    await asyncio.sleep(0.01)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await member.deliveries.stop()
    await member.deliveries.finished()
    empty = Member().deliveries.room
    assert member.deliveries.room == empty - 2
    member.deliveries.forget(lambda _: True)
    assert member.deliveries.room == empty
    assert member.settled == []
