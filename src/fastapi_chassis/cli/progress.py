"""Progress: what takes longer than two seconds says so, to a person at a terminal."""

import asyncio
import sys
from collections.abc import Awaitable
from time import perf_counter

_PATIENCE = 2.0  # seconds before anything is said


async def told[R](what: str, work: Awaitable[R]) -> R:
    """Awaits work and, on a terminal, counts the seconds of what takes long.

    Args:
        what: what is going on, such as `migrating sqlalchemy`.
        work: awaited in any case.
    """
    if not sys.stderr.isatty():
        return await work
    counting = asyncio.create_task(_count(what))
    try:
        return await work
    finally:
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)


async def _count(what: str) -> None:
    began = perf_counter()
    await asyncio.sleep(_PATIENCE)
    try:
        while True:
            sys.stderr.write(f"\r{what} … {perf_counter() - began:.0f} s")
            sys.stderr.flush()
            await asyncio.sleep(1)
    finally:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()
