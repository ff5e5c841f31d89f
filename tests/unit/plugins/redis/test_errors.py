"""What Redis complains about, in the families of the service."""

import asyncio

import pytest
from redis import exceptions as redis

from fastapi_chassis.domain import ConflictException, UnavailableException
from fastapi_chassis.plugins.redis import RedisCommandError
from fastapi_chassis.plugins.redis.connection import translate_errors
from fastapi_chassis.plugins.redis.errors import UnknownScriptError, told, was_not_received


@pytest.mark.parametrize(
    "error",
    [
        redis.ConnectionError("refused"),
        redis.TimeoutError("slow"),
        redis.AuthenticationError("wrong"),
        redis.NoPermissionError("no"),
        redis.BusyLoadingError("loading"),
        redis.MaxConnectionsError("many"),
        redis.ReadOnlyError("a replica"),
        redis.OutOfMemoryError("OOM"),
        redis.ClusterDownError("CLUSTERDOWN"),
        redis.SlotNotCoveredError("slot"),
        redis.TryAgainError("TRYAGAIN"),
        redis.ResponseError("MISCONF can't write"),
        redis.ResponseError("BUSY with a script"),
        redis.ResponseError("NOREPLICAS not enough"),
        OSError("unreachable"),
    ],
    ids=repr,
)
def test_what_is_away_for_now(error: Exception) -> None:
    found = told(error)
    assert isinstance(found, UnavailableException)
    assert found.retry_after == 1
    assert str(error) not in found.message


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (redis.ResponseError("WRONGTYPE no list"), "WRONGTYPE"),
        (redis.DataError("no text"), "no text"),
        (redis.MovedError("1 127.0.0.1:1"), "node of a cluster"),
        (redis.RedisClusterException("all keys must map to the same key slot"), "several nodes"),
    ],
)
def test_what_the_operator_is_told(error: Exception, what: str) -> None:
    found = told(error)
    assert isinstance(found, RedisCommandError)
    assert what in found.findings[0].what
    assert found.findings[0].remedy


def test_an_unknown_script_is_known_for_what_it_is() -> None:
    assert isinstance(told(redis.NoScriptError("NOSCRIPT")), UnknownScriptError)


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("x"), TypeError("x")])
def test_the_rest_is_none_of_redis(error: Exception) -> None:
    assert told(error) is None
    with pytest.raises(type(error)), translate_errors():
        raise error


def test_what_is_translated_stays() -> None:
    error = ConflictException("so")
    assert told(error) is error


def test_only_a_lost_connection_is_worth_another_attempt() -> None:
    assert was_not_received(redis.ConnectionError("reset"))
    for error in (redis.TimeoutError(), redis.AuthenticationError(), redis.ResponseError(), ValueError()):
        assert not was_not_received(error)


async def test_a_transport_that_was_closed_under_a_write_is_a_lost_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write_eof()
        with pytest.raises(RuntimeError) as caught:
            writer.write(b"late")
        assert isinstance(told(caught.value), UnavailableException)
        assert was_not_received(caught.value)
        writer.close()
