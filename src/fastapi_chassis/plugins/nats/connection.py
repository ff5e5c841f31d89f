"""The connection: opened when it is needed, and with the streams that it needs."""

import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi_chassis.domain import ChassisError, Finding, UnavailableException
from fastapi_chassis.messaging import LazyConnection, RetryConfig
from fastapi_chassis.plugins.nats.config import NatsConfig
from fastapi_chassis.plugins.nats.errors import (
    NatsAwayError,
    RefusedError,
    away,
    is_login,
    translate_errors,
)
from fastapi_chassis.plugins.nats.topology import prepare_streams
from fastapi_chassis.plugins.nats.wire import Wire

_log = logging.getLogger("fastapi_chassis.nats")

_CERTIFICATES = "name its authority in tls.ca_file, and a tls.cert_file if it asks for one."


class NatsConnection:
    """One connection to the server, between `open` and `close`.

    Args:
        config: where it is.
        name: what the server's operator sees of it.
    """

    def __init__(self, config: NatsConfig, name: str = "") -> None:
        self.config = config
        name = name or "fastapi-chassis"
        retry = RetryConfig(base=config.retry_backoff, cap=config.longest_backoff)
        self._lazy = LazyConnection(name, lambda: Wire(config, name), _connect, retry)

    def open(self) -> None:
        """Makes ready to connect; connects with the first use."""
        self._lazy.open()

    async def close(self) -> None:
        """Closes it, and waits for those that were lost."""
        await self._lazy.close()

    async def wire(self) -> Wire:
        """Returns the connection as it stands, with its streams; connects where there is none.

        Raises:
            UnavailableException: the server is away.
            NatsStreamError: it refuses the streams.
        """
        with translate_errors():
            return await self._lazy.connected()

    async def check(self) -> None:
        """Looks whether the server answers and has the streams.

        Raises:
            NatsAwayError: it does not answer, or lets the service not in.
            NatsStreamError: it refuses the streams.
        """
        try:
            await self.ping()
        except UnavailableException as error:
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            raise NatsAwayError(_finding(self.config, cause)) from None

    async def ping(self) -> int:
        """Asks for the stream, and returns how many messages lie there.

        Raises:
            UnavailableException: the server is away.
        """
        wire = await self.wire()
        try:
            said = await wire.api(f"STREAM.INFO.{self.config.stream.name}")
        except RefusedError as error:
            wire.abort()  # the next one makes the streams anew
            raise away() from error
        return int(said["state"]["messages"])


@asynccontextmanager
async def open_nats(connection: NatsConnection, *, required: bool = True) -> AsyncIterator[NatsConnection]:
    """Opens a connection, and closes it at the end of the block.

    Args:
        connection: what to open.
        required: False enters the block while the server is away; it is used from when it comes.

    Raises:
        NatsAwayError: the server can't be reached, or does not let the service in.
        NatsStreamError: it refuses the streams.
    """
    connection.open()
    try:
        try:
            await connection.check()
        except NatsAwayError as error:
            if required:
                raise
            _log.warning("the service starts without nats: %s", error.findings[0].what)
        yield connection
    finally:
        await connection.close()


async def _connect(wire: Wire) -> None:
    await wire.open()
    wire.partitions = await prepare_streams(wire)


def _finding(config: NatsConfig, error: Exception) -> Finding:
    if isinstance(error, ChassisError):
        return error.findings[0]
    if is_login(error):
        return Finding(
            f"nats ({config.place}) does not let the service in",
            "plugins.nats",
            "see username, password and token of the section.",
        )
    if isinstance(error, ssl.SSLError):
        return Finding(f"TLS with nats ({config.place}) fails: {error}", "plugins.nats.tls", _CERTIFICATES)
    remedy = "see whether its server runs with JetStream, and the url of the section."
    return Finding(
        f"nats ({config.place}) can't be reached: {type(error).__name__}",
        "plugins.nats.url",
        f"{remedy}\n   {_CERTIFICATES}" if config.uses_tls else remedy,
    )
