"""Everybody is told of every change."""

import asyncio
import logging
from contextlib import aclosing

import pytest

from fastapi_chassis.status import StatusChange, healthy
from fastapi_chassis.status.subscribers import Subscribers


def change(name: str) -> StatusChange:
    return StatusChange(healthy(name))


def test_everybody_is_told_until_they_leave() -> None:
    subscribers, first, second = Subscribers(), [], []
    leave = subscribers.add(first.append)
    subscribers.add(second.append)
    subscribers.tell(change("a"))
    leave()
    leave()
    subscribers.tell(change("b"))
    assert [each.component.name for each in first] == ["a"]
    assert [each.component.name for each in second] == ["a", "b"]


@pytest.mark.requirement("STA-1")
def test_one_that_fails_hurts_no_other(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: StatusChange) -> None:
        raise LookupError("mine alone")

    subscribers, told = Subscribers(), []
    subscribers.add(fail)
    subscribers.add(told.append)
    with caplog.at_level(logging.ERROR):
        subscribers.tell(change("a"))
    assert len(told) == 1
    assert "mine alone" in caplog.text


async def test_a_stream_keeps_what_comes_while_it_is_not_read() -> None:
    subscribers = Subscribers()
    async with aclosing(subscribers.stream()) as stream:
        first = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        for name in "abc":
            subscribers.tell(change(name))
        seen = [await first, await anext(stream), await anext(stream)]
    assert [each.component.name for each in seen] == ["a", "b", "c"]
    subscribers.tell(change("d"))


async def test_a_reader_far_behind_misses_the_oldest(caplog: pytest.LogCaptureFixture) -> None:
    subscribers = Subscribers()
    async with aclosing(subscribers.stream()) as stream:
        first = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        for number in range(1001):
            subscribers.tell(change(str(number)))
        assert (await first).component.name == "1"
    assert "far behind" in caplog.text
