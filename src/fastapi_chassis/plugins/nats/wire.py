"""Wire: one connection as it stands, from its opening to its end; it is never mended."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, cast, override

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import ConnectionClosedError, NoRespondersError

from fastapi_chassis.plugins.nats.config import NatsConfig
from fastapi_chassis.plugins.nats.errors import UNAVAILABLE, RefusedError, away, translate_errors

_NEVER = 86_400  # seconds: the library does not look for dead connections, the wire does


class Wire:
    """A connection with what the server says of itself.

    Args:
        config: where the server is.
        name: what the server's operator sees of the connection.
    """

    def __init__(self, config: NatsConfig, name: str) -> None:
        self.config = config
        self.partitions = 0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._name = name
        self._client = _Client(config)
        self._fault: Exception | None = None
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connects and logs in; the library's own error says why not."""
        config = self.config
        username, password = config.login
        try:
            async with asyncio.timeout(config.connect_timeout):
                await self._client.connect(
                    config.address,
                    name=self._name,
                    allow_reconnect=False,  # it would send what waits before what was lost
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=cast("int", config.connect_timeout),
                    ping_interval=_NEVER,
                    tls=config.tls_context(),
                    tls_handshake_first=config.tls.handshake_first,
                    user=username or None,
                    password=password or None,
                    token=config.token.get_secret_value() or None,
                    error_cb=self._note,
                    closed_cb=self._end,
                )
        except BaseException as error:
            self.abort()
            if isinstance(error, Exception) and self._fault is not None:
                raise self._fault from None
            raise
        self._watching = asyncio.create_task(self._watch(), name=f"watch {self._name}")

    async def close(self) -> None:
        """Closes it; never fails and never waits long."""
        self._lose()
        with suppress(Exception):
            async with asyncio.timeout(self.config.request_timeout):
                await self._client.close()
        self.abort()

    def abort(self) -> None:
        """Breaks it without asking anybody: a server that is gone answers to nothing."""
        self._lose()
        self._client.break_off()

    @property
    def is_open(self) -> bool:
        """Whether it stands, as far as is known."""
        return not self.closed.done() and self._client.is_connected

    @property
    def max_payload(self) -> int:
        """How many bytes a message may have, headers and all."""
        return self._client.max_payload

    def inbox(self) -> str:
        """Names an address that nobody else has."""
        return self._client.new_inbox()

    async def send(
        self, subject: str, body: bytes = b"", *, reply: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """Sends, and does not wait for anything.

        Raises:
            UnavailableException: the connection is lost.
        """
        with self._alive():
            await self._client.publish(
                subject, body, reply=reply, headers=None if headers is None else dict(headers)
            )

    async def post(self, subject: str, reply: str, head: bytes, body: bytes) -> None:
        """Lays a message beside those that wait to be sent; `push` sends them.

        Raises:
            UnavailableException: the connection is lost.
        """
        with self._alive():
            await self._client.post(subject, reply, head, body)

    async def push(self) -> None:
        """Sends what waits.

        Raises:
            UnavailableException: the connection is lost.
        """
        with self._alive():
            await self._client.push()

    async def listen(self, subject: str, take: Callable[[Msg], Awaitable[None]]) -> Subscription:
        """Takes what comes to an address.

        Raises:
            UnavailableException: the connection is lost.
        """
        with self._alive():
            return await self._client.subscribe(subject, cb=take)

    async def drain(self, subscription: Subscription) -> None:
        """Ends a subscription, and returns when everything that was on its way is taken.

        Raises:
            UnavailableException: the server does not answer.
        """
        with self._alive():
            async with asyncio.timeout(self.config.request_timeout):
                await cast("Any", subscription).drain()

    async def flush(self) -> None:
        """Returns when the server has read everything that was sent.

        Raises:
            UnavailableException: it does not answer.
        """
        with self._alive():
            async with asyncio.timeout(self.config.request_timeout):
                await self._client.flush(timeout=cast("int", self.config.request_timeout))

    async def ask(
        self, subject: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Asks JetStream and returns its answer.

        Raises:
            RefusedError: it refuses.
            UnavailableException: it does not answer.
        """
        within = self.config.request_timeout
        try:
            with self._alive():
                answer = await self._client.request(
                    subject, body, timeout=within, headers=None if headers is None else dict(headers)
                )
        except Exception as error:
            if isinstance(error.__cause__, NoRespondersError):
                raise RefusedError(UNAVAILABLE, 0, "there is no JetStream, or no such stream") from None
            raise
        said: dict[str, Any] = json.loads(answer.data)
        if (fault := said.get("error")) is not None:
            raise RefusedError(
                int(fault.get("code", 0)), int(fault.get("err_code", 0)), str(fault.get("description", ""))
            )
        return said

    async def api(self, name: str, /, **body: object) -> dict[str, Any]:
        """Calls JetStream's own interface.

        Raises:
            RefusedError: it refuses.
            UnavailableException: it does not answer.
        """
        return await self.ask(f"$JS.API.{name}", json.dumps(body).encode() if body else b"")

    @contextmanager
    def _alive(self) -> Iterator[None]:
        if self.closed.done():  # the library may not know it yet
            raise away()
        with translate_errors():
            yield

    async def _watch(self) -> None:
        """Looks for signs of life."""
        pause = self.config.heartbeat / 2
        while True:
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(pause):
                    await self._client.flush(timeout=cast("int", pause))
            except Exception:  # noqa: BLE001 - whatever it is, nobody answers
                self.abort()
                return

    async def _note(self, fault: Exception) -> None:
        self._fault = fault

    async def _end(self) -> None:
        self._lose()

    def _lose(self) -> None:
        if not self.closed.done():
            self.closed.set_result(None)
        if self._watching is not None and self._watching is not asyncio.current_task():
            self._watching.cancel()


class _Client(Client):
    """The library's client, which does not log in over a plain connection where TLS is wanted."""

    def __init__(self, config: NatsConfig) -> None:
        super().__init__()
        self._config = config

    @override
    def _connect_command(self) -> bytes:
        if self._config.uses_tls and self._socket_info("ssl_object") is None:
            raise ssl.SSLError("the server does not speak TLS")
        return super()._connect_command()

    async def post(self, subject: str, reply: str, head: bytes, body: bytes) -> None:
        """Does as `publish`, in half its time: it takes headers as they are, and wakes nobody yet."""
        if not self.is_connected:
            raise ConnectionClosedError
        line = f"HPUB {subject} {reply} {len(head)} {len(head) + len(body)}\r\n".encode()
        await self._send_command(b"".join((line, head, body, b"\r\n")))

    async def push(self) -> None:
        """Wakes who sends."""
        await self._flush_pending()

    def break_off(self) -> None:
        """Resets the connection, and drops what was to be sent on it."""
        self._pending, self._pending_data_size = [], 0
        writer = getattr(self._transport, "_io_writer", None)
        if isinstance(writer, asyncio.StreamWriter):
            writer.transport.abort()

    def _socket_info(self, name: str) -> object:
        writer = getattr(self._transport, "_io_writer", None)
        return writer.get_extra_info(name) if isinstance(writer, asyncio.StreamWriter) else None
