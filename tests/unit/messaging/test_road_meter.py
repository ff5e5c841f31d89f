"""What is told to the meter of the road comes out under the names of the conventions."""

import asyncio
from datetime import timedelta

import pytest

from fastapi_chassis.messaging import Ack, DeadLetter, Outcome, Retry, RoadMeter
from tests.measures import Measures
from tests.unit.messaging.shop import created

SENT = {"messaging.system": "kafka", "messaging.operation.name": "send"}
HERE = {"messaging.consumer.group.name": "shop.mails", "messaging.destination.name": "there"}


@pytest.fixture
def measures() -> Measures:
    return Measures()


@pytest.fixture
def meter(measures: Measures) -> RoadMeter:
    return RoadMeter(measures.provider)


def test_without_an_sdk_it_does_nothing() -> None:
    meter = RoadMeter()
    meter.sent("kafka", [created()], 0.1)
    meter.handled("kafka", "shop.mails", "there", 0.1, Ack())
    meter.had_before("shop.mails")
    meter.gave_up("shop.mails", "there", "refused")
    assert not meter.is_on


def test_a_batch_is_one_duration_and_a_count_for_each_destination(
    measures: Measures, meter: RoadMeter
) -> None:
    meter.sent("kafka", [created(destination=one) for one in ("a", "b", "a")], 0.1)
    assert measures.points("messaging.client.operation.duration") == [(SENT, 1)]
    assert measures.points("messaging.client.sent.messages") == [
        (SENT | {"messaging.destination.name": "a"}, 2),
        (SENT | {"messaging.destination.name": "b"}, 1),
    ]


def test_of_a_batch_that_failed_in_part_only_that_part_has_an_error(
    measures: Measures, meter: RoadMeter
) -> None:
    meter.sent("kafka", [created(), created(), created()], 0.1, error_type="PublishFailed", failed=[1])
    name = "messaging.client.sent.messages"
    assert measures.total(name, {"error.type": "PublishFailed"}) == 1
    assert measures.total(name, {"error.type": None}) == 2
    meter.sent("kafka", [created(), created()], 0.1, error_type="UNAVAILABLE")
    assert measures.total(name, {"error.type": "UNAVAILABLE"}) == 2
    assert measures.total(name) == 5


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Ack(), {"chassis.outcome": "ack"}),
        (Retry(timedelta(0), error_type="KeyError"), {"chassis.outcome": "retry", "error.type": "KeyError"}),
        (Retry(timedelta(0)), {"chassis.outcome": "retry", "error.type": "_OTHER"}),
        (DeadLetter("no", "LookupError"), {"chassis.outcome": "dead_letter", "error.type": "LookupError"}),
        (Ack(kept=DeadLetter("no")), {"chassis.outcome": "dead_letter", "error.type": "_OTHER"}),
    ],
)
async def test_a_delivery_is_timed_with_what_became_of_it(
    measures: Measures, meter: RoadMeter, outcome: Outcome, told: dict[str, str]
) -> None:
    meter.handled("kafka", "shop.mails", "there", 0.1, outcome)
    process = {"messaging.system": "kafka", "messaging.operation.name": "process"}
    assert measures.points("messaging.process.duration") == [(HERE | process | told, 1)]
    dead = measures.points("chassis.dead_letters")
    is_dead = told["chassis.outcome"] == "dead_letter"
    assert dead == ([(HERE | {"error.type": told["error.type"]}, 1)] if is_dead else [])


async def test_deliveries_that_end_together_are_counted_together(
    measures: Measures, meter: RoadMeter
) -> None:
    for _ in range(3):
        meter.handled("kafka", "shop.mails", "there", 0.1, Ack())
    name = "messaging.client.consumed.messages"
    assert measures.points(name) == []
    await asyncio.sleep(0)
    assert measures.points(name) == [
        (HERE | {"messaging.system": "kafka", "messaging.operation.name": "receive"}, 3)
    ]


def test_duplicates_are_counted_by_group_and_none_is_no_point(measures: Measures, meter: RoadMeter) -> None:
    meter.had_before("shop.mails", 0)
    assert measures.points("chassis.inbox.duplicates") == []
    meter.had_before("shop.mails")
    meter.had_before("shop.mails", 4)
    assert measures.points("chassis.inbox.duplicates") == [
        ({"messaging.consumer.group.name": "shop.mails"}, 5)
    ]


async def test_units_are_those_of_the_conventions(measures: Measures, meter: RoadMeter) -> None:
    meter.sent("kafka", [created()], 0.1)
    meter.handled("kafka", "shop.mails", "there", 0.1, DeadLetter("no"))
    meter.had_before("shop.mails")
    await asyncio.sleep(0)
    units = {name: metric.unit for name, metric in measures.metrics.items()}
    assert units == {
        "messaging.client.sent.messages": "{message}",
        "messaging.client.operation.duration": "s",
        "messaging.client.consumed.messages": "{message}",
        "messaging.process.duration": "s",
        "chassis.inbox.duplicates": "{message}",
        "chassis.dead_letters": "{message}",
    }
