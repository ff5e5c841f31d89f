"""How commands become words, and replies become values."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import override

import pytest

from fastapi_chassis.plugins.redis import RedisCommands
from fastapi_chassis.plugins.redis.commands import Read, milliseconds


class Written(RedisCommands):
    """Remembers what it was asked to send."""

    def __init__(self) -> None:
        super().__init__("shop:")
        self.sent: list[tuple[tuple[object, ...], bool]] = []

    @override
    def send[T](self, read: Read[T], *words: object, again: bool = False) -> Awaitable[T]:
        self.sent.append((words, again))
        return None  # type: ignore[return-value]  # nobody waits for it


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(microseconds=-1)])
def test_no_time_is_refused(ttl: timedelta) -> None:
    with pytest.raises(ValueError, match="more than no time"):
        milliseconds(ttl)


@pytest.mark.parametrize(
    ("ttl", "expected"), [(timedelta(microseconds=1), 1), (timedelta(seconds=1.5), 1500)]
)
def test_times_are_at_least_a_millisecond(ttl: timedelta, expected: int) -> None:
    assert milliseconds(ttl) == expected


def test_keys_bear_any_text() -> None:
    assert Written().key("a:\N{SNOWMAN}\ud800") == b"shop:a:\xe2\x98\x83\xed\xa0\x80"


def test_only_what_may_run_twice_is_sent_again() -> None:
    written = Written()
    written.set("a", 1)
    written.set("a", 1, only="absent")
    written.increment("a")
    written.lpop("a")
    written.get("a")
    assert [again for _, again in written.sent] == [True, False, False, False, True]


def test_a_value_with_an_end_that_must_be_absent() -> None:
    written = Written()
    written.set("a", "x", ttl=timedelta(seconds=2), only="absent")
    assert written.sent[0][0] == ("SET", b"shop:a", b'"x"', "PX", 2000, "NX")
