"""Errors: what a complaint of RabbitMQ or its client means to the caller."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiormq.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelAccessRefused,
    ChannelInvalidStateError,
    ChannelLockedResource,
    ChannelPreconditionFailed,
    ProbableAuthenticationError,
)

from fastapi_chassis.domain import ChassisError, Finding, UnavailableException
from fastapi_chassis.messaging import is_cancelled

LOGIN = (AuthenticationError, ProbableAuthenticationError)
REFUSED = (ChannelAccessRefused, ChannelLockedResource, ChannelPreconditionFailed)

_AWAY = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)


class AioPikaAwayError(ChassisError):
    """The server can't be reached, or does not let the service in."""


class AioPikaTopologyError(ChassisError):
    """The server refuses an exchange, a queue or a binding: it has another of the name, or forbids it."""


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what the client raises while the server is away into one exception.

    Raises:
        UnavailableException: the server is away, or closed the connection or the channel.
    """
    try:
        yield
    except _AWAY as error:
        raise away() from error
    except asyncio.CancelledError as error:
        # the client ends what waits by a cancellation of its own when a connection breaks
        if is_cancelled():
            raise
        raise away() from error


@contextmanager
def explain_refusal(what: str) -> Iterator[None]:
    """Says what the server refuses, where it does.

    Raises:
        AioPikaTopologyError: it does.
    """
    try:
        yield
    except REFUSED as error:
        raise AioPikaTopologyError(
            Finding(
                f"rabbitmq refuses {what}: {error}",
                remedy="delete the one that exists once it is empty, or give the user the permission.",
            )
        ) from error


def away() -> UnavailableException:
    """Makes what callers meet while the server is away."""
    return UnavailableException("rabbitmq is away", retry_after=1)
