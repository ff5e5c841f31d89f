import asyncio
from collections.abc import Sequence

import pytest

from fastapi_chassis.messaging import Envelope, PublishFailed
from fastapi_chassis.messaging.config import RetryConfig
from fastapi_chassis.messaging.destinations import Destinations
from fastapi_chassis.testing import eventually
from tests.unit.messaging.relays import Broker, relay
from tests.unit.messaging.shop import Shop, created

RETRY = RetryConfig(base=0.2, cap=0.2)


def refused(destinations: Destinations, times: int, name: str = "a") -> None:
    for number in range(times):
        destinations.note((), {name: {str(number), "again"}}, "no")


def test_it_takes_three_refusals_in_a_row() -> None:
    destinations = Destinations(RETRY)
    refused(destinations, 2)
    destinations.note({"a"}, {"a": {"1"}}, "no")  # it took another one of the batch
    refused(destinations, 2)
    assert destinations.closed == frozenset()
    refused(destinations, 1)
    assert destinations.closed == {"a"}


def test_others_stay_open() -> None:
    destinations = Destinations(RETRY)
    refused(destinations, 3)
    destinations.note({"b"}, {})
    assert destinations.closed == {"a"}


async def test_it_is_tried_again_and_open_once_it_takes_something() -> None:
    destinations = Destinations(RETRY)
    refused(destinations, 3)
    await asyncio.sleep(0.25)
    assert destinations.closed == frozenset()
    refused(destinations, 1)
    assert destinations.closed == {"a"}, "one refusal is enough for one that was closed"
    await asyncio.sleep(0.25)
    destinations.note({"a"}, {})
    refused(destinations, 2)
    assert destinations.closed == frozenset()


def test_one_key_that_is_refused_for_ever_closes_nothing() -> None:
    destinations = Destinations(RETRY)
    for _ in range(100):
        destinations.note((), {"a": {"poison"}}, "no")
    assert destinations.closed == frozenset()


async def test_a_destination_that_takes_nothing_is_left_alone_and_others_go_on(shop: Shop) -> None:
    class Picky(Broker):
        is_open = False

        async def publish(self, envelopes: Sequence[Envelope]) -> None:
            reasons = {n: "no" for n, one in enumerate(envelopes) if one.destination == "closed"}
            self.published += [one for n, one in enumerate(envelopes) if self.is_open or n not in reasons]
            if reasons and not self.is_open:
                raise PublishFailed(reasons)

    broker = Picky()
    lost = [created(destination="closed", key=str(number)) for number in range(20)]
    await shop.write(*lost, *(created() for _ in range(5)))
    running = relay(shop.outbox, broker, batch=1, batches=1, retry={"base": 0.3, "cap": 0.3})
    async with running.running():
        await eventually(lambda: len(broker.published) == 5)
        await eventually(lambda: running._outages.destinations.closed == {"closed"})
        broker.is_open = True
        await shop.emptied()
    assert len(broker.published) == 25


@pytest.mark.requirement("MSG-3")
async def test_what_a_closed_destination_left_behind_is_not_overtaken_when_it_opens(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [frozenset({"picky"})]  # and nothing is closed any more when the second batch is read
    closed = property(lambda _: told.pop() if told else frozenset())
    monkeypatch.setattr(Destinations, "closed", closed)
    own = [created(str(number), key="one", destination="picky") for number in range(2)]
    others = [created(key=str(number)) for number in range(4)]
    await shop.write(own[0], *others, own[1])
    broker = Broker()
    async with relay(shop.outbox, broker, batch=2, batches=1).running():
        await shop.emptied()
    assert [one for one in broker.published if one.key == "one"] == own
    assert broker.batches[:2] == [2, 2]
