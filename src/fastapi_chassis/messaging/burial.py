"""bury_until_kept(): what can not be kept yet as a dead letter waits, and all behind it in its order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fastapi_chassis.domain import ChassisError, UnavailableException
from fastapi_chassis.messaging.backoff import AGAIN, full_jitter
from fastapi_chassis.messaging.transport import PublishFailed

_log = logging.getLogger("fastapi_chassis.messaging.burial")


async def bury_until_kept(
    bury: Callable[[], Awaitable[None]], group: str, *, may_wait: Callable[[], bool]
) -> None:
    """Keeps a dead letter, however often that has to be tried.

    Args:
        bury: keeps it, or raises.
        group: whose it is.
        may_wait: whether another attempt makes sense; where it does not, the broker gives the message again.

    Raises:
        UnavailableException: it is not known to be kept, nor is PublishFailed or ChassisError.
    """
    failures = 0
    while True:
        try:
            await bury()
        except (UnavailableException, PublishFailed, ChassisError) as fault:
            if not may_wait():
                raise
            _log.warning("a dead letter of %s waits: %s", group, fault)
        else:
            return
        failures += 1
        await asyncio.sleep(full_jitter(AGAIN, failures).total_seconds())
