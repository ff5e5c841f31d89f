"""Every way to the server ends in a connection or in a sentence, and every wait has an end."""

from pathlib import Path
from time import monotonic

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.nats import (
    NatsAwayError,
    NatsConfig,
    NatsConnection,
    NatsStreamError,
    NatsTransport,
    open_nats,
)
from fastapi_chassis.plugins.nats.topology import dead_stream, lease_stream
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.backends.session import BackendSession
from fastapi_chassis.testing.contracts.envelopes import envelope
from tests.integration.plugins.nats.conftest import QUICK
from tests.integration.plugins.nats.servers import LOGIN, TLS, TOKEN

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]

CANARY = "canary-8c1f"


def connection_to(url: str, **settings: object) -> NatsConnection:
    return NatsConnection(NatsConfig.model_validate({"url": url, **QUICK, **settings}))


async def refused(url: str, **settings: object) -> str:
    begun = monotonic()
    with pytest.raises(NatsAwayError) as told:
        async with open_nats(connection_to(url, **settings)):
            pytest.fail("it was let in")
    assert monotonic() - begun < 5
    assert CANARY not in str(told.value)
    return str(told.value)


async def test_nobody_there() -> None:
    said = await refused("nats://127.0.0.1:1", username="ann", password=CANARY)
    assert "nats (127.0.0.1:1) can't be reached" in said


async def test_a_login_is_really_used(backend_session: BackendSession) -> None:
    with backend_session.private(LOGIN) as server:
        assert "does not let the service in" in await refused(server.url)
        said = await refused(server.url, username="ann", password=CANARY)
        assert "does not let the service in" in said
        async with open_nats(connection_to(server.url, username="ann", password="horse")) as connection:
            assert await connection.ping() == 0
        url = server.url.replace("nats://", "nats://ann:horse@")
        async with open_nats(connection_to(url)) as connection:
            assert await connection.ping() == 0


async def test_a_token_is_really_used(backend_session: BackendSession) -> None:
    with backend_session.private(TOKEN) as server:
        assert "does not let the service in" in await refused(server.url, token=CANARY)
        async with open_nats(connection_to(server.url, token="horse")) as connection:
            assert await connection.ping() == 0


async def test_tls_is_really_used_and_certificates_are_checked(backend_session: BackendSession) -> None:
    with backend_session.private(TLS) as server:
        files = {
            "ca_file": Path(server.endpoints["ca"]),
            "cert_file": Path(server.endpoints["certificate"]),
            "key_file": Path(server.endpoints["key"]),
        }
        async with open_nats(connection_to(server.url, tls=files)) as connection:
            await NatsTransport(connection, connection).publish([envelope(1)])
            assert await connection.ping() == 1
        assert "TLS with nats" in await refused(server.url)
        await refused(server.url, tls={"ca_file": files["ca_file"]})


async def test_no_login_goes_over_a_plain_connection_where_tls_is_wanted(nats_url: str) -> None:
    said = await refused(nats_url.replace("nats://", "tls://"), username="ann", password=CANARY)
    assert "the server does not speak TLS" in said


async def test_streams_are_made_only_where_that_is_wanted(private_backend: OpenBackend) -> None:
    url = private_backend("nats").url
    with pytest.raises(NatsStreamError, match="the stream integration-events is missing"):
        async with open_nats(connection_to(url, stream={"create": False})):
            pytest.fail("it was there")
    async with open_nats(connection_to(url, stream={"partitions": 3, "max_messages": 10})) as connection:
        wire = await connection.wire()
        made = (await wire.api("STREAM.INFO.integration-events"))["config"]
        assert (made["storage"], made["discard"], made["max_msgs"]) == ("file", "new", 10)
        for name in (dead_stream(connection.config.stream), lease_stream(connection.config.stream)):
            assert (await wire.api(f"STREAM.INFO.{name}"))["config"]["storage"] == "file"
    async with open_nats(connection_to(url, stream={"partitions": 12})) as connection:
        assert (await connection.wire()).partitions == 3  # as it was made
    with pytest.raises(NatsStreamError, match="has other subjects"):
        async with open_nats(connection_to(url, stream={"prefix": "others"})):
            pytest.fail("it was another one")


async def test_a_stream_without_its_parts_is_refused(private_backend: OpenBackend) -> None:
    url = private_backend("nats").url
    async with open_nats(connection_to(url)) as connection:
        wire = await connection.wire()
        await wire.api("STREAM.DELETE.integration-events")
        await wire.api("STREAM.CREATE.integration-events", name="integration-events", subjects=["messages.>"])
    with pytest.raises(NatsStreamError, match="does not say how many parts it has"):
        async with open_nats(connection_to(url)):
            pytest.fail("it did")


async def test_closed_it_connects_no_more(nats_url: str) -> None:
    async with open_nats(connection_to(nats_url)) as connection:
        await connection.ping()
    with pytest.raises(UnavailableException):
        await connection.ping()
