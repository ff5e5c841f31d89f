import asyncio

from fastapi_chassis.messaging.config import RetryConfig
from fastapi_chassis.messaging.destinations import Destinations

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
