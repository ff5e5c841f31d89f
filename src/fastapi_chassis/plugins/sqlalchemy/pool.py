"""Pool: how SQLAlchemy's pool lends a connection without a detour through a greenlet."""

from collections.abc import Generator
from typing import Any, cast

from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.pool import Pool, PoolProxiedConnection, QueuePool
from sqlalchemy.util import greenlet_spawn


class Connecting:
    """An attempt to connect by asyncpg, which is nothing at all unless it is awaited.

    Args:
        options: of `asyncpg.connect`.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options

    def __await__(self) -> Generator[object, None, object]:
        return self._connect().__await__()

    async def _connect(self) -> object:
        import asyncpg  # a service on SQLite does without

        return await asyncpg.connect(**self._options)


async def lend(pool: Pool) -> PoolProxiedConnection:
    """Lends a connection: at once where one is idle, else as soon as one is open or given back.

    SQLAlchemy connects by `Connecting`, so that an attempt outside of a greenlet leaves nothing behind.
    """
    if cast("QueuePool", pool).checkedin():
        try:
            return pool.connect()
        except MissingGreenlet:  # the idle one was closed or too old, so another must be opened
            pass
    return await greenlet_spawn(pool.connect)


async def give_back(lent: PoolProxiedConnection, pool: Pool) -> None:
    """Gives a connection back; one too many is closed."""
    queue = cast("QueuePool", pool)
    if queue.checkedin() < queue.size():
        lent.close()
    else:
        await greenlet_spawn(lent.close)


async def give_up(lent: PoolProxiedConnection, error: BaseException) -> None:
    """Closes a connection of which nobody knows what the server still does for it."""
    await greenlet_spawn(lent.invalidate, error)
