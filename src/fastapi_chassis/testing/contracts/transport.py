"""What every transport promises: a confirmed message reaches each group, in order, until it is settled."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar, Protocol

import pytest

from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import (
    UNREADABLE,
    Ack,
    DeadLetter,
    Delivery,
    Envelope,
    Outcome,
    Retry,
    Subscribed,
    Subscription,
    Transport,
)
from fastapi_chassis.testing.contracts.envelopes import envelope, numbers
from fastapi_chassis.testing.waiting import eventually

type Answer = Callable[[Delivery], Outcome]


def acknowledge(_delivery: Delivery) -> Outcome:
    """Answers that all is well."""
    return Ack()


class Recorder:
    """A group's member that notes what it gets.

    Args:
        answer: says what becomes of each delivery; may raise.
        takes: seconds that each delivery takes.
    """

    def __init__(self, answer: Answer = acknowledge, *, takes: float = 0) -> None:
        self.deliveries: list[Delivery] = []
        self.most_at_once = 0
        self.done = 0
        self._busy: defaultdict[str, int] = defaultdict(int)
        self._answer = answer
        self._takes = takes

    async def __call__(self, delivery: Delivery) -> Outcome:
        """Takes a delivery, and sets aside what is no message."""
        if delivery.unreadable:
            return DeadLetter(delivery.unreadable, UNREADABLE)
        key = delivery.envelope.key
        assert not self._busy[key], f"two messages of {key} were handled at once"
        self._busy[key] += 1
        self.most_at_once = max(self.most_at_once, sum(self._busy.values()))
        self.deliveries.append(delivery)
        try:
            await asyncio.sleep(self._takes)
            return self._answer(delivery)
        finally:
            self._busy[key] -= 1
            self.done += 1

    @property
    def envelopes(self) -> list[Envelope]:
        """What came, in order."""
        return [delivery.envelope for delivery in self.deliveries]

    @property
    def numbers(self) -> list[int]:
        """The numbers that came, in order."""
        return numbers(self.envelopes)


class TransportHarness(Protocol):
    """A transport, and what only its broker knows."""

    @property
    def transport(self) -> Transport:
        """The transport."""
        ...

    async def dead_letters(self, group: str) -> list[tuple[Envelope, str]]:
        """Returns what a group has set aside, with the reasons."""
        ...


class TransportContract:
    """Everything that a transport promises; a subclass supplies `broker`, a TransportHarness.

    A destination that no group has ever subscribed to accepts messages: who comes later may have missed them.
    """

    patience: ClassVar[float] = 10.0
    quiet: ClassVar[float] = 0.3

    @pytest.fixture
    def topic(self) -> str:
        """A destination that no other test uses."""
        return f"integration-events.contract_{new_id().hex}"

    @pytest.fixture
    def group(self) -> str:
        """A group that no other test uses."""
        return f"contract.{new_id().hex}"

    async def join(
        self, broker: TransportHarness, group: str, topic: str, recorder: Recorder, concurrency: int = 10
    ) -> Subscribed:
        """Subscribes a recorder to one destination."""
        subscription = Subscription(group, frozenset({topic}), concurrency)
        return await broker.transport.subscribe(subscription, recorder)

    async def test_a_message_arrives_as_it_was_sent(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        recorder = Recorder()
        subscribed = await self.join(broker, group, topic, recorder)
        plain = envelope(1, destination=topic)
        rich = Envelope(
            id=new_id(),
            type="sample_renamed",
            version=3,
            source="contracts",
            time=plain.time,
            destination=topic,
            key="käse/1",
            aggregate_type="sample",
            payload=bytes(range(256)),
            content_type="application/octet-stream",
            headers={"traceparent": "00-ab-cd-01", "tenant": "zürich", "specversion": "1.0"},
        )
        await broker.transport.publish([plain, rich])
        await eventually(lambda: len(recorder.deliveries) == 2)
        assert sorted(recorder.envelopes, key=lambda one: one.id) == [plain, rich]
        assert [delivery.attempt for delivery in recorder.deliveries] == [1, 1]
        await subscribed.stop()

    async def test_to_publish_nothing_or_to_nobody_is_no_fault(
        self, broker: TransportHarness, topic: str
    ) -> None:
        async with asyncio.timeout(self.patience):
            await broker.transport.publish([])
            await broker.transport.publish([envelope(1, destination=topic)])

    async def test_each_group_gets_a_copy_and_one_of_its_members_takes_it(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        first, second, other = Recorder(), Recorder(), Recorder()
        subscribed = [
            await self.join(broker, group, topic, first),
            await self.join(broker, group, topic, second),
            await self.join(broker, f"{group}.other", topic, other),
        ]
        await broker.transport.publish([envelope(n, key=str(n), destination=topic) for n in range(40)])
        await eventually(lambda: len(first.numbers + second.numbers) >= 40 and len(other.numbers) >= 40)
        await asyncio.sleep(self.quiet)
        assert sorted(first.numbers + second.numbers) == list(range(40))
        assert sorted(other.numbers) == list(range(40))
        for one in subscribed:
            await one.stop()

    async def test_messages_of_a_key_come_in_order_and_never_two_at_once(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        recorder = Recorder(takes=0.002)
        subscribed = await self.join(broker, group, topic, recorder, concurrency=8)
        sent = [envelope(number, key=str(number % 5), destination=topic) for number in range(100)]
        for start in range(0, 100, 20):
            await broker.transport.publish(sent[start : start + 20])
        await eventually(lambda: len(recorder.deliveries) == 100)
        for key in range(5):
            of_key = [one for one in recorder.envelopes if one.key == str(key)]
            assert numbers(of_key) == list(range(key, 100, 5))
        await subscribed.stop()

    async def test_concurrency_is_used_and_not_exceeded(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        recorder = Recorder(takes=0.05)
        subscribed = await self.join(broker, group, topic, recorder, concurrency=4)
        await broker.transport.publish([envelope(n, key=str(n), destination=topic) for n in range(40)])
        await eventually(lambda: recorder.done == 40)
        assert 1 < recorder.most_at_once <= 4
        await subscribed.stop()

    async def test_a_retry_comes_again_after_its_delay_with_the_attempt_counted(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        times: list[float] = []

        def answer(delivery: Delivery) -> Outcome:
            times.append(asyncio.get_running_loop().time())
            return Retry(timedelta(seconds=0.3), "not yet") if delivery.attempt < 3 else Ack()

        recorder = Recorder(answer)
        subscribed = await self.join(broker, group, topic, recorder)
        async with asyncio.timeout(self.patience):
            await broker.transport.publish([envelope(1, destination=topic)])
        await eventually(lambda: recorder.done == 3)
        await asyncio.sleep(self.quiet)
        assert [delivery.attempt for delivery in recorder.deliveries] == [1, 2, 3]
        assert times[1] - times[0] >= 0.25
        assert times[2] - times[1] >= 0.25
        await subscribed.stop()

    async def test_an_exception_in_receive_counts_as_retry(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        def answer(delivery: Delivery) -> Outcome:
            if delivery.attempt == 1:
                raise RuntimeError("a fault of the consumer itself")
            return Ack()

        recorder = Recorder(answer)
        subscribed = await self.join(broker, group, topic, recorder)
        await broker.transport.publish([envelope(1, destination=topic)])
        await eventually(lambda: recorder.done == 2)
        assert [delivery.attempt for delivery in recorder.deliveries] == [1, 2]
        assert await broker.dead_letters(group) == []
        await subscribed.stop()

    async def test_a_dead_letter_is_set_aside_with_its_reason_and_not_given_again(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        poison, sound = envelope(1, destination=topic), envelope(2, destination=topic)
        recorder = Recorder(lambda one: DeadLetter("is poison") if one.envelope.id == poison.id else Ack())
        subscribed = await self.join(broker, group, topic, recorder)
        await broker.transport.publish([poison, sound])
        await eventually(lambda: recorder.done == 2)
        await asyncio.sleep(self.quiet)
        assert recorder.numbers == [1, 2]
        assert await broker.dead_letters(group) == [(poison, "is poison")]
        await subscribed.stop()

    async def test_a_retry_does_not_hold_up_other_keys(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        recorder = Recorder(lambda one: Retry(timedelta(hours=1)) if one.envelope.key == "poor" else Ack())
        subscribed = await self.join(broker, group, topic, recorder, concurrency=2)
        batch = [envelope(0, key="poor", destination=topic)]
        batch += [envelope(n, key=str(n), destination=topic) for n in range(1, 30)]
        publishing = asyncio.create_task(broker.transport.publish(batch))
        await eventually(lambda: len(set(recorder.numbers)) == 30)
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
        await subscribed.stop()

    async def test_stop_settles_what_is_held_and_takes_no_more(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        recorder = Recorder(takes=0.2)
        subscribed = await self.join(broker, group, topic, recorder, concurrency=2)
        batch = [envelope(number, key=str(number), destination=topic) for number in range(20)]
        publishing = asyncio.create_task(broker.transport.publish(batch))
        await eventually(lambda: len(recorder.deliveries) >= 1)
        async with asyncio.timeout(self.patience):
            await subscribed.stop()
        begun = len(recorder.deliveries)
        assert recorder.done == begun < 20
        await asyncio.sleep(self.quiet)
        assert len(recorder.deliveries) == begun
        successor = Recorder()
        following = await self.join(broker, group, topic, successor)
        await eventually(lambda: len(set(recorder.numbers + successor.numbers)) == 20)
        assert not set(recorder.numbers) & set(successor.numbers), "what was settled came again"
        await publishing
        await following.stop()

    async def test_to_stop_twice_is_no_fault(self, broker: TransportHarness, group: str, topic: str) -> None:
        subscribed = await self.join(broker, group, topic, Recorder())
        await subscribed.stop()
        await subscribed.stop()

    async def test_a_batch_of_a_thousand_arrives(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        recorder = Recorder()
        subscribed = await self.join(broker, group, topic, recorder, concurrency=50)
        await broker.transport.publish(
            [envelope(n, key=str(n % 100), destination=topic) for n in range(1_000)]
        )
        await eventually(lambda: recorder.done >= 1_000)
        assert sorted(recorder.numbers) == list(range(1_000))
        await subscribed.stop()

    async def test_a_slow_consumer_loses_nothing(
        self, broker: TransportHarness, group: str, topic: str
    ) -> None:
        recorder = Recorder(takes=0.01)
        subscribed = await self.join(broker, group, topic, recorder, concurrency=1)
        batches = [[envelope(n * 10 + m, destination=topic) for m in range(10)] for n in range(6)]
        publishing = [asyncio.create_task(broker.transport.publish(batch)) for batch in batches]
        await eventually(lambda: recorder.done == 60)
        await asyncio.gather(*publishing)
        assert sorted(recorder.numbers) == list(range(60))
        await subscribed.stop()
