"""PostgresBell: LISTEN and NOTIFY as word of a commit between processes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol, cast

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.util import greenlet_spawn

from fastapi_chassis.plugins.sqlalchemy.connection import Database, translate_errors

CHANNEL = "chassis_outbox"
_log = logging.getLogger("fastapi_chassis.sqlalchemy")

_LOOK = 10.0  # seconds after which a silent connection is asked whether it is still there
_PAUSE = 1.0  # seconds between attempts to listen again


class Listening(Protocol):
    """What is used of asyncpg's connection."""

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None:
        """Calls back at every notification."""
        ...

    async def remove_listener(self, channel: str, callback: Callable[..., None]) -> None:
        """Calls back no more."""
        ...

    def add_termination_listener(self, callback: Callable[..., None]) -> None:
        """Calls back when the connection has ended."""
        ...

    def remove_termination_listener(self, callback: Callable[..., None]) -> None:
        """Calls back no more."""
        ...

    async def execute(self, query: str) -> str:
        """Runs a statement."""
        ...


class PostgresBell:
    """Rings by NOTIFY, in a transaction of its own: in that of the data it would line commits up.

    Args:
        database: PostgreSQL, not behind a pooler that mixes sessions.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ring(self) -> None:
        """Tells all who listen."""
        await self._database.read(
            lambda connection: connection.execute(text(f"SELECT pg_notify('{CHANNEL}', '')")).close()
        )

    @asynccontextmanager
    async def listening(self, heard: Callable[[], None]) -> AsyncIterator[None]:
        """Calls `heard` at every ring, on a connection of its own; reconnects by itself."""
        task = asyncio.create_task(self._listen(heard), name="listen to the outbox")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self, heard: Callable[[], None]) -> None:
        is_told = False
        while True:
            try:
                await self._listen_once(heard)
            except Exception as fault:  # noqa: BLE001 - relays look by themselves meanwhile
                if not is_told:
                    _log.warning("nobody listens to the outbox, which is looked at instead: %s", fault)
                is_told = True
                await asyncio.sleep(_PAUSE)
            else:
                is_told = False

    def _detached(self) -> tuple[Connection, Listening]:
        """Opens a connection that the pool does not count, since it is never given back."""
        lent = self._database.connect_reader()
        driver = cast("Listening", lent.connection.driver_connection)
        lent.detach()
        return lent, driver

    async def _listen_once(self, heard: Callable[[], None]) -> None:
        """Listens until the connection has ended."""
        ended = asyncio.Event()

        def hear(*_: object) -> None:
            heard()

        def end(*_: object) -> None:
            ended.set()

        with translate_errors():
            lent, driver = await greenlet_spawn(self._detached)
            try:
                await driver.add_listener(CHANNEL, hear)
                driver.add_termination_listener(end)
                heard()  # nobody knows what was committed before
                while not ended.is_set():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK):
                            await ended.wait()
                            return
                    await driver.execute("SELECT 1")
            finally:
                driver.remove_termination_listener(end)
                await self._database.finish(greenlet_spawn(lent.close))
