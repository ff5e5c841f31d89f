"""The connection to real servers: TLS, logins, and servers that are not there."""

import asyncio
import logging
import time

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.aiopika import AioPikaAwayError, AioPikaConfig, AioPikaConnection, open_aiopika
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.backends.ports import free_port
from fastapi_chassis.testing.chaos import Timeout
from tests.integration.plugins.aiopika.conftest import QUICK
from tests.integration.plugins.aiopika.servers import TLS
from tests.integration.plugins.roads import way_to

pytestmark = [pytest.mark.backends("rabbitmq"), pytest.mark.requirement("MSG-6")]


def connection(url: str, **settings: object) -> AioPikaConnection:
    return AioPikaConnection(AioPikaConfig.model_validate({"url": url, **QUICK, **settings}), "test")


@pytest.fixture
def tls_server(backend: OpenBackend) -> Backend:
    """A server that speaks TLS and asks for certificates."""
    return backend(TLS)


def certificates(server: Backend, *names: str) -> dict[str, str]:
    keys = {"ca": "ca_file", "certificate": "cert_file", "key": "key_file"}
    return {keys[name]: server.endpoints[name] for name in names}


async def test_tls_with_certificates_of_both_sides(tls_server: Backend) -> None:
    tls = certificates(tls_server, "ca", "certificate", "key")
    async with open_aiopika(connection(tls_server.url, tls=tls)) as opened:
        await opened.ping()


@pytest.mark.parametrize(
    "names",
    [("certificate", "key"), ("ca",), ()],
    ids=["unknown authority", "no certificate of its own", "neither"],
)
async def test_tls_is_refused_without_the_right_certificates(
    tls_server: Backend, names: tuple[str, ...]
) -> None:
    with pytest.raises(AioPikaAwayError) as caught:
        async with open_aiopika(connection(tls_server.url, tls=certificates(tls_server, *names))):
            pytest.fail("it was opened")
    assert "tls.ca_file" in (caught.value.findings[0].remedy or "")


async def test_a_login_that_is_refused_says_so_and_not_the_password(
    rabbitmq_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(AioPikaAwayError, match="does not let") as caught:
        async with open_aiopika(connection(rabbitmq_url, password="wrong-horse")):
            pytest.fail("it was opened")
    assert "horse" not in f"{caught.value} {caught.value.__cause__} {caught.value.__cause__.__cause__}"  # type: ignore[union-attr]
    assert "horse" not in caplog.text


async def test_a_virtual_host_that_is_not_there_is_told(rabbitmq_url: str) -> None:
    with pytest.raises(AioPikaAwayError) as caught:
        async with open_aiopika(connection(f"{rabbitmq_url}nowhere")):
            pytest.fail("it was opened")
    assert "virtual host nowhere" in caught.value.findings[0].what


async def test_a_server_that_is_not_there_is_told_at_start() -> None:
    with pytest.raises(AioPikaAwayError, match="can't be reached") as caught:
        async with open_aiopika(connection(f"amqp://user:horse@127.0.0.1:{free_port()}/")):
            pytest.fail("it was opened")
    assert "horse" not in str(caught.value)


async def test_a_server_that_says_nothing_is_told_in_time(rabbitmq_url: str) -> None:
    async with way_to(rabbitmq_url) as proxy:
        proxy.add(Timeout())
        began = time.monotonic()
        with pytest.raises(AioPikaAwayError, match="TimeoutError"):
            async with open_aiopika(connection(proxy.url_for(rabbitmq_url), connect_timeout=0.5)):
                pytest.fail("it was opened")
        assert time.monotonic() - began < 3


@pytest.mark.requirement("PLG-4")
async def test_where_it_is_not_required_the_service_starts_and_it_may_come_later(
    rabbitmq_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with way_to(rabbitmq_url) as proxy:
        await proxy.down()
        with caplog.at_level(logging.WARNING):
            async with open_aiopika(connection(proxy.url_for(rabbitmq_url)), required=False) as opened:
                assert "starts without rabbitmq" in caplog.text
                with pytest.raises(UnavailableException):
                    await opened.channel()
                await proxy.up()
                await opened.ping()


async def test_many_who_wait_share_one_connection(rabbitmq_url: str) -> None:
    async with way_to(rabbitmq_url) as proxy, open_aiopika(connection(proxy.url_for(rabbitmq_url))) as opened:
        channels = await asyncio.gather(*(opened.channel() for _ in range(20)))
        assert len({channel.connection for channel in channels}) == proxy.connections == 1
        opened.drop(channels[0])
        channels = await asyncio.gather(*(opened.channel() for _ in range(20)))
        assert len({channel.connection for channel in channels}) == 1


async def test_who_is_cancelled_while_it_connects_disturbs_nobody(rabbitmq_url: str) -> None:
    async with open_aiopika(connection(rabbitmq_url)) as opened:
        opened.drop(await opened.channel())
        leaving, staying = (asyncio.create_task(opened.channel()) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert leaving.cancelled()
        assert (await staying).connection.is_opened


async def test_closed_it_is_away_and_can_be_opened_again(rabbitmq_url: str) -> None:
    closed = connection(rabbitmq_url)
    for _ in range(2):
        with pytest.raises(UnavailableException):
            await closed.channel()
        async with open_aiopika(closed):
            await closed.ping()
