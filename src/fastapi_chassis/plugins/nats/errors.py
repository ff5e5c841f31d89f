"""Errors: what a complaint of NATS or its client means to the caller."""

from collections.abc import Iterator
from contextlib import contextmanager

from nats.errors import Error

from fastapi_chassis.domain import ChassisError, UnavailableException

NOT_FOUND, UNAVAILABLE = 404, 503
WRONG_SEQUENCE = 10_071  # JetStream's number for a subject whose last message is another one


class NatsAwayError(ChassisError):
    """The server can't be reached, has no JetStream, or does not let the service in."""


class NatsStreamError(ChassisError):
    """A stream is missing or is another one than the section says, or the server refuses it."""


class RefusedError(Exception):
    """JetStream refuses a request.

    Args:
        code: as in HTTP.
        number: JetStream's own number of the reason.
        reason: in words.
    """

    def __init__(self, code: int, number: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.number, self.reason = code, number, reason


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what the client raises while the server is away into one exception.

    Raises:
        UnavailableException: the server is away, or does not answer.
    """
    try:
        yield
    except (Error, OSError, TimeoutError) as error:
        raise away() from error


def away() -> UnavailableException:
    """Makes what callers meet while the server is away."""
    return UnavailableException("nats is away", retry_after=1)


def is_login(error: BaseException) -> bool:
    """Whether the server does not let the service in."""
    return isinstance(error, Error) and "authorization" in str(error).lower()
