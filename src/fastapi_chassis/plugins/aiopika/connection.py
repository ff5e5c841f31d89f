"""The connection: opened when it is needed, with the channels on it, and broken when nobody answers."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import cast, override

from aiormq import Channel, Connection
from aiormq.connection import TransportFactory

from fastapi_chassis.domain import ChassisError, Finding, UnavailableException
from fastapi_chassis.messaging import LazyConnection, RetryConfig
from fastapi_chassis.plugins.aiopika.config import AioPikaConfig
from fastapi_chassis.plugins.aiopika.errors import LOGIN, AioPikaAwayError, away, translate_errors

_log = logging.getLogger("fastapi_chassis.aiopika")

_CERTIFICATES = "name its authority in tls.ca_file, and a tls.cert_file if it asks for one."


class AioPikaConnection:
    """One connection to the broker, between `open` and `close`.

    Args:
        config: where it is.
        name: what the server's operator sees of it.
    """

    def __init__(self, config: AioPikaConfig, name: str = "") -> None:
        self.config = config
        self.retry = RetryConfig(base=config.retry_backoff, cap=config.longest_backoff)
        self._lazy = LazyConnection(name, lambda: _Wire(config, name), _Wire.connect, self.retry)

    def open(self) -> None:
        """Makes ready to connect; connects with the first use."""
        self._lazy.open()

    async def close(self) -> None:
        """Closes it, and waits for those that were dropped."""
        await self._lazy.close()

    async def channel(self) -> Channel:
        """Opens a channel that confirms what is published.

        Raises:
            UnavailableException: the server is away.
        """
        with translate_errors():
            wire = await self._lazy.connected()
        try:
            with translate_errors():
                opening = wire.connection.channel(timeout=self.config.connect_timeout, frame_buffer_size=0)
                async with asyncio.timeout(self.config.connect_timeout):
                    return cast("Channel", await opening)
        except (UnavailableException, RuntimeError) as error:
            if not await self.is_blocked():
                self._lazy.drop(wire)
            raise away() from error.__cause__ or error

    async def check(self) -> None:
        """Looks whether the server answers.

        Raises:
            AioPikaAwayError: it does not, or lets the service not in.
        """
        try:
            await self.ping()
        except UnavailableException as error:
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            raise AioPikaAwayError(_finding(self.config, cause)) from error

    async def ping(self) -> None:
        """Opens a channel and closes it.

        Raises:
            UnavailableException: the server is away.
        """
        channel = await self.channel()
        with translate_errors():
            await channel.close(timeout=self.config.connect_timeout)

    def carries(self, channel: Channel) -> bool:
        """Whether a channel is open, as far as is known."""
        wire = self._lazy.wire
        if wire is None or wire.connection is not channel.connection:
            return False
        return wire.is_open and not channel.is_closed

    def drop(self, channel: Channel) -> None:
        """Breaks the connection of a channel, where the server does not answer any more."""
        wire = self._lazy.wire
        if wire is not None and wire.connection is channel.connection:
            self._lazy.drop(wire)

    async def is_blocked(self) -> bool:
        """Whether the server has told that it takes no messages now, for want of memory or disk."""
        wire = self._lazy.wire
        if wire is None or wire.connection.is_closed:
            return False
        try:
            async with asyncio.timeout(0):
                await wire.connection.ready()
        except TimeoutError:
            return True
        return False


class _Wire(TransportFactory):
    """The library's connection, and the socket under it, which can be broken without asking anybody."""

    def __init__(self, config: AioPikaConfig, name: str) -> None:
        self.connection = Connection(config.login_url(name), transport_factory=self)
        self._config = config
        self._writer: asyncio.StreamWriter | None = None

    @property
    def is_open(self) -> bool:
        """Whether it stands, as far as is known."""
        return self.connection.is_opened

    async def connect(self) -> None:
        """Connects and logs in; the library's own error says why not."""
        async with asyncio.timeout(self._config.connect_timeout):
            await self.connection.connect({"product": "fastapi-chassis"})

    @override
    async def create(
        self, url: object, **kwargs: object
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connects to the server; called by the library."""
        del url, kwargs
        host, port = self._config.address
        reader, self._writer = await asyncio.open_connection(host, port, ssl=self._config.tls_context())
        return reader, self._writer

    def abort(self) -> None:
        """Breaks it without asking anybody."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def close(self) -> None:
        """Closes it; never fails and never waits long."""
        with suppress(Exception, asyncio.CancelledError):
            async with asyncio.timeout(self._config.connect_timeout):
                await self.connection.close()
        self.abort()


@asynccontextmanager
async def open_aiopika(
    connection: AioPikaConnection, *, required: bool = True
) -> AsyncIterator[AioPikaConnection]:
    """Opens a connection, and closes it at the end of the block.

    Args:
        connection: what to open.
        required: False enters the block while the server is away; it is used from when it comes.

    Raises:
        AioPikaAwayError: the server can't be reached, or does not let the service in.
    """
    connection.open()
    try:
        try:
            await connection.check()
        except AioPikaAwayError as away:
            if required:
                raise
            _log.warning("the service starts without rabbitmq: %s", away.findings[0].what)
        yield connection
    finally:
        await connection.close()


def _finding(config: AioPikaConfig, error: Exception) -> Finding:
    if isinstance(error, ChassisError):
        return error.findings[0]
    if isinstance(error, LOGIN):
        return Finding(
            f"rabbitmq ({config.place}) does not let the service in",
            remedy="see username and password of the section.",
        )
    if isinstance(error, ssl.SSLError):
        return Finding(f"TLS with rabbitmq ({config.place}) fails: {error}", remedy=_CERTIFICATES)
    remedy = "see whether its server runs, and the url of the section with its virtual host."
    return Finding(
        f"rabbitmq ({config.place}) can't be reached: {type(error).__name__}",
        remedy=f"{remedy}\n   {_CERTIFICATES}" if config.uses_tls else remedy,
    )
