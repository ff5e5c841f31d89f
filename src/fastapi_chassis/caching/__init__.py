"""Values that may be forgotten, and names that one worker holds; enter by Cache, and by hold(lock, name)."""

from fastapi_chassis.caching.cache import Cache
from fastapi_chassis.caching.codec import decode_value, encode_value
from fastapi_chassis.caching.holding import Held, LockedException, LockLostException, hold
from fastapi_chassis.caching.lock import Lock
from fastapi_chassis.caching.memory import InMemoryCache, InMemoryLock

__all__ = (
    "Cache",
    "Held",
    "InMemoryCache",
    "InMemoryLock",
    "Lock",
    "LockLostException",
    "LockedException",
    "decode_value",
    "encode_value",
    "hold",
)
