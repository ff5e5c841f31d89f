import logging

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import RetryConfig
from fastapi_chassis.messaging.outage import Outage

RETRY = RetryConfig(base=5, cap=20)


def outage() -> Outage:
    return Outage("the broker", RETRY)


def test_it_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = outage()
    one.healed()
    for _ in range(3):
        one.failed(UnavailableException("refused"))
        assert one.present
    one.healed()
    assert not one.present
    assert one.left == 0
    assert [record.message for record in caplog.records] == [
        "the broker is away and is tried again: refused",
        "the broker is back after 3 failed attempts",
    ]


def test_what_is_unexpected_is_told_with_its_trace_once(caplog: pytest.LogCaptureFixture) -> None:
    one = outage()
    one.failed(UnavailableException("refused"))
    one.failed(ZeroDivisionError())
    one.failed(ZeroDivisionError())
    assert one.unexpected
    assert [bool(record.exc_info) for record in caplog.records] == [False, True]
    one.failed(UnavailableException("refused"))
    assert not one.unexpected


def test_attempts_are_spaced_and_a_wish_is_kept_up_to_the_cap() -> None:
    one = outage()
    assert one.left == 0
    one.failed(UnavailableException("refused", retry_after=10))
    assert 9 < one.left <= 10
    one.failed(UnavailableException("refused", retry_after=10_000))
    assert 19 < one.left <= 20
    one.failed(RuntimeError())
    assert one.left <= 20
