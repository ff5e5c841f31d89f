"""Policy: the one shape of retry, breaker, bulkhead and deadline, around any call of one argument."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from fastapi_chassis.domain import RateLimitedException, UnavailableException

type Next[M, R] = Callable[[M], Awaitable[R]]


class Policy(Protocol):
    """A behaviour of any pipeline: messages of the mediator, requests of the HTTP client, tasks."""

    async def __call__[M, R](self, message: M, next: Next[M, R], /) -> R:  # noqa: A002 - its name everywhere
        """Does its part and awaits `next(message)`, or raises instead."""
        ...


def is_transient(fault: Exception) -> bool:
    """Whether the same call may pass later: something is away, too slow, or asks to slow down."""
    return isinstance(fault, UnavailableException | RateLimitedException | ConnectionError | TimeoutError)


def around[M, R](policies: Iterable[Policy], call: Next[M, R]) -> Next[M, R]:
    """Nests policies around a call, the first one outermost."""
    for policy in reversed(tuple(policies)):
        call = _link(policy, call)
    return call


def _link[M, R](policy: Policy, following: Next[M, R]) -> Next[M, R]:
    def call(message: M) -> Awaitable[R]:
        return policy(message, following)

    return call
