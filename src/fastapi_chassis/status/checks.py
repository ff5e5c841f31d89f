"""found_by(): asks a check, and takes silence or a fault for an answer as well."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi_chassis.observability import redact_text
from fastapi_chassis.status.component import Component, unhealthy

type Check = Callable[[], Awaitable[Component]]

_LONGEST_DETAIL = 500


async def found_by(check: Check, name: str, limit: float) -> Component:
    """Returns what a check found; one that fails, or takes more than `limit` seconds, found it unhealthy."""
    timer = asyncio.timeout(limit)
    try:
        async with timer:
            return await check()
    except asyncio.CancelledError:
        asked = asyncio.current_task()
        if asked is None or asked.cancelling():
            raise
        return unhealthy(name, "the check was cancelled from within")
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is the finding
        if timer.expired():
            return unhealthy(name, f"no answer within {limit:g} s")
        return unhealthy(name, f"{type(fault).__name__}: {fault}")


def shown_detail(detail: str) -> str:
    """Returns a detail without secrets and of bounded length."""
    return redact_text(detail[: 2 * _LONGEST_DETAIL])[:_LONGEST_DETAIL]
