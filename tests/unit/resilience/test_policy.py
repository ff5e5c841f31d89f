"""Policies nest around any call, those of the mediator included."""

import pytest

from fastapi_chassis.application import Behavior, compose
from fastapi_chassis.domain import (
    ConflictException,
    Message,
    NotFoundException,
    RateLimitedException,
    UnavailableException,
)
from fastapi_chassis.resilience import Next, Retry, RetryPolicy, around, is_transient


class Named:
    def __init__(self, name: str, seen: list[str]) -> None:
        self.name, self.seen = name, seen

    async def __call__[M, R](self, message: M, next: Next[M, R], /) -> R:  # noqa: A002
        self.seen.append(self.name)
        return await next(message)


async def test_the_first_policy_is_outermost() -> None:
    seen: list[str] = []

    async def double(number: int) -> int:
        seen.append("call")
        return number * 2

    assert await around([Named("a", seen), Named("b", seen)], double)(21) == 42
    assert seen == ["a", "b", "call"]
    assert await around([], double)(1) == 2


async def test_a_policy_is_a_behaviour_of_the_mediator() -> None:
    class Ping(Message):
        pass

    calls = 0

    async def handle(message: Message) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionError
        return "pong"

    retry: Behavior = RetryPolicy(Retry(base=0))
    assert await compose([retry], handle)(Ping()) == "pong"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (UnavailableException("x"), True),
        (RateLimitedException("x", retry_after=1), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (NotFoundException("x"), False),
        (ConflictException("x"), False),
        (ValueError(), False),
    ],
)
def test_what_may_pass_later(fault: Exception, expected: bool) -> None:
    assert is_transient(fault) is expected
