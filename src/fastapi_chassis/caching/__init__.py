"""Values that may be forgotten, and names that one worker holds; enter by @cached and hold(lock, name)."""

from fastapi_chassis.caching.cache import Cache, Lease
from fastapi_chassis.caching.codec import decode_value, encode_value
from fastapi_chassis.caching.config import CachingConfig
from fastapi_chassis.caching.decorator import CachedFunction, cached
from fastapi_chassis.caching.holding import Held, LockedException, LockLostException, hold
from fastapi_chassis.caching.lock import Lock
from fastapi_chassis.caching.memory import InMemoryCache, InMemoryLock
from fastapi_chassis.caching.policy import CachePolicy
from fastapi_chassis.caching.read_through import ReadThroughCache, open_read_through

__all__ = (
    "Cache",
    "CachePolicy",
    "CachedFunction",
    "CachingConfig",
    "Held",
    "InMemoryCache",
    "InMemoryLock",
    "Lease",
    "Lock",
    "LockLostException",
    "LockedException",
    "ReadThroughCache",
    "cached",
    "decode_value",
    "encode_value",
    "hold",
    "open_read_through",
)
