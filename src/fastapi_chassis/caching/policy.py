"""CachePolicy: how long the values of one function are kept, and as which bytes."""

import hashlib
import logging
import math
import random
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic_core import PydanticSerializationError

from fastapi_chassis.domain import BaseEntity

_log = logging.getLogger("fastapi_chassis.caching")

_HEAD = struct.Struct(">8sdd")  # whose it is, when it ends, how long it took to load
_RARELY = 40.0  # -log(random()) is hardly ever more
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Found[T]:
    """A value that was kept.

    Args:
        value: a copy of its own.
        until: when it ends, in seconds since the epoch.
        took: how long it took to load, in seconds.
    """

    value: T
    until: float
    took: float


@dataclass(frozen=True, slots=True)
class CachePolicy[T]:
    """How the values of one function are kept; make it once, not per call.

    Args:
        returns: the type of the values, as it stands in an annotation.
        ttl: how long a value is good.
        name: whose values these are; those of another are not taken for them.
        early: how eagerly a value is loaded again before it ends, 1 as a rule, 0 never. The chance grows
            towards the end, and begins the sooner the longer the load takes.
        local: how long the process keeps a copy of its own, which invalidations elsewhere don't reach.

    Raises:
        TypeError: values of the type would not come back as what they were.
        ValueError: a time is not more than nothing.
    """

    returns: object
    ttl: timedelta
    name: str = ""
    early: float = 1.0
    local: timedelta | None = None
    _adapter: TypeAdapter[T] = field(init=False, repr=False, compare=False)
    _mark: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.ttl <= _NOTHING or (self.local is not None and self.local <= _NOTHING):
            raise ValueError("a value is kept for more than no time")
        if self.early < 0:
            raise ValueError("early is 0 or more")
        whose = f"{self.name} {self.returns!r}".encode("utf-8", "surrogatepass")
        object.__setattr__(self, "_adapter", _adapter_for(self.returns))
        object.__setattr__(self, "_mark", hashlib.sha256(whose).digest()[:8])

    def closed(self, value: T, until: float, took: float) -> bytes | None:
        """Writes a value; None, and a line in the log, if it would not come back as what it is."""
        try:
            data = self._adapter.dump_json(value, warnings="error")
            comes_back = self._adapter.validate_json(data) == value
        except (PydanticSerializationError, ValueError) as fault:
            _log.warning("a value of %s is not kept: %s", self.name, type(fault).__name__)
            return None
        if not comes_back:
            _log.warning("a value of %s is not kept: it would come back as another", self.name)
            return None
        return _HEAD.pack(self._mark, until, took) + data

    def opened(self, data: object) -> Found[T] | None:
        """Reads a value; None if there is none, or it is another function's, or of another version of it."""
        if not isinstance(data, bytes) or len(data) < _HEAD.size:
            return None
        mark, until, took = _HEAD.unpack_from(data)
        if mark != self._mark:
            return None
        try:
            return Found(self._adapter.validate_json(data[_HEAD.size :]), until, took)
        except ValidationError:
            return None

    def is_due(self, found: Found[T], now: float) -> bool:
        """Whether this caller should load the value again, so that not all do when it ends."""
        left, span = found.until - now, found.took * self.early
        if left > span * _RARELY:
            return False
        return left <= span * -math.log(1 - random.random())  # noqa: S311 - spreads loads, hides nothing


def _adapter_for(returns: object) -> TypeAdapter[Any]:
    if returns in (object, Any):
        raise TypeError("say what it returns: of anything it is not known how it comes back")
    try:
        adapter = TypeAdapter[Any](cast("type[Any]", returns))
        parts = list(_parts(adapter.core_schema, set()))
    except (PydanticUserError, PydanticUndefinedAnnotation) as fault:
        raise _unknown(returns) from fault
    for part in parts:
        if part.get("type") in {"callable", "generator"}:
            raise _unknown(returns)
        if part.get("type") in {"dataclass", "model"}:
            _check(cast("type", part["cls"]))
    return adapter


def _unknown(returns: object) -> TypeError:
    return TypeError(f"{returns} can't be cached: return texts, numbers, times, dataclasses or models")


def _check(returned: type) -> None:
    name = returned.__name__
    if issubclass(returned, BaseEntity):
        raise TypeError(
            f"{name} can't be cached, because it changes: return a value of it, such as a {name}Card"
        )
    if not issubclass(returned, BaseModel) and returned.__eq__ is object.__eq__:
        raise TypeError(f"{name} can't be cached, because two of its values are never equal")


def _parts(schema: object, seen: set[int]) -> Iterator[Mapping[str, object]]:
    """Yields a schema and everything in it."""
    if id(schema) in seen:
        return
    seen.add(id(schema))
    if isinstance(schema, Mapping):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list | tuple):
        for part in schema:
            yield from _parts(part, seen)
