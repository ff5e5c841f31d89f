"""Every way to a server ends in a connection or in a sentence, and every wait has an end."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.odm import DatabaseAwayError, DocumentDatabase, ODMConfig, open_odm
from fastapi_chassis.plugins.odm.connection import translate_errors
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends.certificates import make_certificates
from fastapi_chassis.testing.backends.fixtures import OpenBackend

pytestmark = pytest.mark.backends("ferretdb")

CANARY = "canary-8c1f"


async def reason(config: ODMConfig) -> str:
    """Why the server lets nobody in."""
    with pytest.raises(DatabaseAwayError) as told:
        async with open_odm(DocumentDatabase(config)):
            pytest.fail("it let us in")
    (finding,) = told.value.findings
    assert CANARY not in str(told.value)
    return finding.what


@pytest.mark.requirement("REP-7")
async def test_what_the_server_can_do_is_asked_and_not_believed(config: ODMConfig) -> None:
    documents = DocumentDatabase(config)
    async with open_odm(documents) as mongo:
        # it begins transactions, and has no command that ends one
        assert documents.has_transactions is False
        assert mongo.name == config.database_name
    assert not documents.is_open


async def test_nobody_there(config: ODMConfig) -> None:
    url = f"mongodb://ann:{CANARY}@127.0.0.1:1/"
    begun = monotonic()
    what = await reason(config.model_validate({"url": url, "selection_timeout": 0.3, "connect_timeout": 0.3}))
    assert "127.0.0.1:1/service" in what
    assert monotonic() - begun < 3


async def test_a_wrong_password(ferretdb_url: str) -> None:
    host = urlsplit(ferretdb_url).netloc.rpartition("@")[2]
    config = ODMConfig.model_validate(
        {"url": f"mongodb://{host}/", "username": "ann", "password": CANARY, "selection_timeout": 2}
    )
    assert "user or the password" in await reason(config)


async def test_what_is_not_open_is_away(config: ODMConfig) -> None:
    with pytest.raises(UnavailableException):
        _ = DocumentDatabase(config).client


async def test_a_frozen_server_holds_nobody_up(private_backend: OpenBackend) -> None:
    server = private_backend("ferretdb")
    config = ODMConfig.model_validate({"url": server.url, "command_timeout": 0.5, "selection_timeout": 0.5})
    documents = DocumentDatabase(config)
    async with open_odm(documents) as mongo:
        server.pause()
        begun = monotonic()
        with pytest.raises(UnavailableException), translate_errors():
            await mongo["order"].find_one({})
        assert (
            monotonic() - begun < 4
        )  # of half a second each: the wait, the command, and what a busy machine adds
        server.resume()

        async def answers() -> bool:
            with suppress(UnavailableException), translate_errors():
                return await mongo["order"].find_one({}) is None
            return False

        await eventually(answers)


async def test_a_lock_that_is_kept_too_long(config: ODMConfig) -> None:
    documents = DocumentDatabase(config.model_copy(update={"lock_timeout": 0.05}))
    held = await documents.lock("order 1")
    with pytest.raises(UnavailableException, match="still writing"):
        await documents.lock("order 1")
    held.release()
    (await documents.lock("order 1")).release()


@asynccontextmanager
async def tls_before(url: str, folder: Path, *, wants_certificate: bool) -> AsyncIterator[int]:
    """Speaks TLS on a port, and plainly to the server behind it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    if wants_certificate:
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    target = urlsplit(url)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    make_certificates(tmp_path, "server", "client")
    (tmp_path / "both.pem").write_bytes(
        (tmp_path / "client.pem").read_bytes() + (tmp_path / "client.key").read_bytes()
    )
    return tmp_path


def over_tls(url: str, port: int, **tls: object) -> ODMConfig:
    login = urlsplit(url).netloc.rpartition("@")[0]
    patience = {"selection_timeout": 1, "connect_timeout": 1}
    return ODMConfig.model_validate({"url": f"mongodb://{login}@127.0.0.1:{port}/", "tls": tls, **patience})


async def test_tls_with_both_certificates(ferretdb_url: str, certificates: Path) -> None:
    async with tls_before(ferretdb_url, certificates, wants_certificate=True) as port:
        mine = {"ca_file": certificates / "ca.pem", "certificate_key_file": certificates / "both.pem"}
        async with open_odm(DocumentDatabase(over_tls(ferretdb_url, port, **mine))) as mongo:
            assert (await mongo.command("ping"))["ok"] == 1
        await reason(over_tls(ferretdb_url, port, ca_file=certificates / "ca.pem"))


async def test_tls_with_a_server_that_nobody_vouches_for(ferretdb_url: str, certificates: Path) -> None:
    async with tls_before(ferretdb_url, certificates, wants_certificate=False) as port:
        await reason(over_tls(ferretdb_url, port, enabled=True))
        unchecked = over_tls(ferretdb_url, port, enabled=True, verify=False)
        async with open_odm(DocumentDatabase(unchecked)) as mongo:
            assert (await mongo.command("ping"))["ok"] == 1


async def test_plain_words_to_a_server_that_wants_tls(ferretdb_url: str, certificates: Path) -> None:
    async with tls_before(ferretdb_url, certificates, wants_certificate=False) as port:
        await reason(over_tls(ferretdb_url, port))


async def test_what_is_done_now_and_then_is_not_done_more_often(config: ODMConfig) -> None:
    documents = DocumentDatabase(config)
    assert documents.is_time_for("this", 3_600)
    assert not documents.is_time_for("this", 3_600)
    assert documents.is_time_for("this", 0)
    assert documents.is_time_for("that", 3_600)
