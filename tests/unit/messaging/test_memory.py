import asyncio
from contextvars import ContextVar
from datetime import timedelta

import pytest

from fastapi_chassis.messaging import (
    Ack,
    DeadLetter,
    Delivery,
    InMemoryTransport,
    Outcome,
    Retry,
    Subscription,
)
from tests.unit.messaging.shop import created

TOPIC = frozenset({"integration-events.item_created"})


async def acknowledge(delivery: Delivery) -> Outcome:
    return Ack()


async def test_publish_returns_when_every_group_has_settled() -> None:
    transport, gate, settled = InMemoryTransport(), asyncio.Event(), []

    async def slow(delivery: Delivery) -> Outcome:
        await gate.wait()
        settled.append("slow")
        return DeadLetter("no")

    await transport.subscribe(Subscription("quick", TOPIC), acknowledge)
    await transport.subscribe(Subscription("slow", TOPIC), slow)
    publishing = asyncio.create_task(transport.publish([created()]))
    await asyncio.sleep(0.01)
    assert not publishing.done()
    gate.set()
    await publishing
    assert settled == ["slow"]
    assert [dead.group for dead in transport.dead_letters] == ["slow"]


async def test_a_publisher_that_is_cancelled_takes_back_what_waits() -> None:
    transport, seen = InMemoryTransport(), []

    async def one_at_a_time(delivery: Delivery) -> Outcome:
        seen.append(delivery.envelope.id)
        await asyncio.sleep(0.02)
        return Ack()

    await transport.subscribe(Subscription("g", TOPIC, concurrency=1), one_at_a_time)
    batch = [created(key=str(number)) for number in range(5)]
    publishing = asyncio.create_task(transport.publish(batch))
    await asyncio.sleep(0.01)
    publishing.cancel()
    await transport.publish([last := created(key="last")])
    assert seen == [batch[0].id, last.id]


async def test_a_group_outlives_its_members() -> None:
    transport, seen = InMemoryTransport(), []

    async def receive(delivery: Delivery) -> Outcome:
        seen.append(delivery.envelope)
        return Ack()

    first = await transport.subscribe(Subscription("g", TOPIC), receive)
    await first.stop()
    publishing = asyncio.create_task(transport.publish([waiting := created()]))
    await asyncio.sleep(0.01)
    assert not publishing.done()
    await transport.subscribe(Subscription("g", TOPIC), receive)
    await publishing
    assert seen == [waiting]


async def test_a_stop_that_is_cancelled_gives_back_what_it_holds() -> None:
    transport, begun = InMemoryTransport(), asyncio.Event()

    async def stuck(delivery: Delivery) -> Outcome:
        begun.set()
        await asyncio.Event().wait()
        return Ack()

    attempts = []

    async def receive(delivery: Delivery) -> Outcome:
        attempts.append(delivery.attempt)
        return Ack()

    member = await transport.subscribe(Subscription("g", TOPIC), stuck)
    publishing = asyncio.create_task(transport.publish([created()]))
    await begun.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await member.stop()
    await transport.subscribe(Subscription("g", TOPIC), receive)
    async with asyncio.timeout(1):
        await publishing
    assert attempts == [2]


@pytest.mark.requirement("MSG-6")
async def test_a_message_that_waits_for_its_retry_holds_up_its_key_and_no_other() -> None:
    transport, seen = InMemoryTransport(), []

    async def receive(delivery: Delivery) -> Outcome:
        seen.append((delivery.envelope.key, delivery.attempt))
        is_first = delivery.envelope.id == first.id and delivery.attempt == 1
        return Retry(timedelta(seconds=0.05)) if is_first else Ack()

    first, second, other = created(key="poor"), created(key="poor"), created(key="rich")
    await transport.subscribe(Subscription("g", TOPIC), receive)
    await transport.publish([first, second, other])
    assert seen == [("poor", 1), ("rich", 1), ("poor", 2), ("poor", 1)]


async def test_members_of_a_group_get_only_what_they_want() -> None:
    transport, seen = InMemoryTransport(), []

    def member(name: str):
        async def receive(delivery: Delivery) -> Outcome:
            seen.append((name, delivery.envelope.destination))
            return Ack()

        return receive

    await transport.subscribe(Subscription("g", frozenset({"a"})), member("first"))
    await transport.subscribe(Subscription("g", frozenset({"b"})), member("second"))
    await transport.publish([created(destination="b", key="1"), created(destination="a", key="2")])
    assert sorted(seen) == [("first", "a"), ("second", "b")]


async def test_settled_waits_for_retries_too() -> None:
    transport, attempts = InMemoryTransport(), []

    async def receive(delivery: Delivery) -> Outcome:
        attempts.append(delivery.attempt)
        return Retry(timedelta(seconds=0.01)) if delivery.attempt < 3 else Ack()

    await transport.settled()
    await transport.subscribe(Subscription("g", TOPIC), receive)
    publishing = asyncio.create_task(transport.publish([created()]))
    await asyncio.sleep(0)
    await transport.settled()
    assert attempts == [1, 2, 3]
    await publishing


async def test_the_newest_dead_letters_are_kept() -> None:
    transport = InMemoryTransport(keep_dead=2)

    async def receive(delivery: Delivery) -> Outcome:
        return DeadLetter(delivery.envelope.key)

    await transport.subscribe(Subscription("g", TOPIC), receive)
    for key in "abc":
        await transport.publish([created(key=key)])
    assert [dead.reason for dead in transport.dead_letters] == ["b", "c"]
    assert transport.dead_letters[-1].attempts == 1


async def test_a_consumer_works_in_a_context_of_its_own() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="nothing")
    transport, seen = InMemoryTransport(), []

    async def receive(delivery: Delivery) -> Outcome:
        seen.append(variable.get())
        variable.set("the other consumer's")
        return Ack()

    await transport.subscribe(Subscription("g", TOPIC), receive)
    variable.set("the publisher's")
    await transport.publish([created(key="1"), created(key="2")])
    assert seen == ["nothing", "nothing"]


async def test_ten_thousand_messages_of_as_many_keys_pass_quickly() -> None:
    transport = InMemoryTransport()
    await transport.subscribe(Subscription("g", TOPIC), acknowledge)
    async with asyncio.timeout(10):
        await transport.publish([created(key=str(number)) for number in range(10_000)])
