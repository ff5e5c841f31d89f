"""Errors: what callers meet, and that a cancellation of the client is none of theirs."""

import asyncio

import pytest
from aiormq.exceptions import ChannelClosed, ChannelInvalidStateError, ChannelPreconditionFailed

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.aiopika import AioPikaTopologyError
from fastapi_chassis.plugins.aiopika.errors import explain_refusal, translate_errors


@pytest.mark.parametrize(
    "error",
    [
        ChannelClosed(0, "gone"),
        ChannelInvalidStateError(),
        OSError(),
        TimeoutError(),
        asyncio.CancelledError(),
    ],
)
async def test_a_server_that_is_away_is_one_exception(error: BaseException) -> None:
    with pytest.raises(UnavailableException, match="rabbitmq is away") as caught, translate_errors():
        raise error
    assert caught.value.__cause__ is error


async def test_others_stay_what_they_are() -> None:
    with pytest.raises(ZeroDivisionError), translate_errors():
        raise ZeroDivisionError


async def test_who_is_cancelled_stays_cancelled() -> None:
    async def wait() -> None:
        with translate_errors():
            await asyncio.sleep(60)

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_refusal_says_what_and_what_to_do() -> None:
    with (
        pytest.raises(AioPikaTopologyError, match="the queue shop") as caught,
        explain_refusal("the queue shop"),
    ):
        raise ChannelPreconditionFailed("inequivalent arg")
    assert "inequivalent arg" in caught.value.findings[0].what
    assert "delete" in (caught.value.findings[0].remedy or "")
