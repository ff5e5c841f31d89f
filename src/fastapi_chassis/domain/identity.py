"""new_id() and id_after(): time-ordered identifiers, UUID version 7."""

import os
import threading
import time
from uuid import UUID, SafeUUID

_LOCK = threading.Lock()
_RANDOM_BITS = 62
_COUNTER_BITS = 12
_COUNTER_SPAN = 1 << _COUNTER_BITS
_VERSION_AND_VARIANT = (7 << 76) | (0b10 << 62)

_last_tick = 0


def new_id() -> UUID:
    """Makes a UUIDv7 that is greater than every one that this process made before.

    The millisecond is followed by 12 bits of the fraction of it (RFC 9562, method 3), moved on by one
    where two would be equal, and 62 bits from the operating system, so forked processes never collide.
    """
    global _last_tick  # noqa: PLW0603 - the last tick is what makes the order strict
    tick = time.time_ns() * _COUNTER_SPAN // 1_000_000
    with _LOCK:
        tick = _last_tick = max(tick, _last_tick + 1)
    return _id_of(tick)


def id_after(earlier: UUID) -> UUID:
    """Makes the UUIDv7 of the next instant after another one, whatever the clock of this process says.

    Args:
        earlier: a UUIDv7, perhaps of a process whose clock is ahead.
    """
    return _id_of((earlier.int >> 80) * _COUNTER_SPAN + (earlier.int >> 64) % _COUNTER_SPAN + 1)


def _id_of(tick: int) -> UUID:
    milliseconds, fraction = divmod(tick, _COUNTER_SPAN)
    random = int.from_bytes(os.urandom(8)) >> (64 - _RANDOM_BITS)
    return UUID(
        int=(milliseconds << 80) | (fraction << 64) | _VERSION_AND_VARIANT | random, is_safe=SafeUUID.unknown
    )
