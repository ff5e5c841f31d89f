"""Clocks: sets the time of day of a process to what it is not; what counts seconds goes on as it did."""

import ctypes
import gc
import sys
import time
from datetime import UTC, datetime, timedelta, tzinfo
from types import ModuleType


def skew(seconds: float) -> None:
    """Moves the time of day of this process, for good.

    Args:
        seconds: ahead of the machine's clock; behind it, where they are negative.
    """
    real_time, real_time_ns = time.time, time.time_ns
    _replace(real_time, lambda: real_time() + seconds)
    _replace(real_time_ns, lambda: real_time_ns() + int(seconds * 1e9))
    now, ahead = datetime.now, timedelta(seconds=seconds)

    def skewed(_: type[datetime], tz: tzinfo | None = None) -> datetime:
        return (now(UTC) + ahead).astimezone(tz) if tz is not None else now() + ahead

    _set(datetime, "now", classmethod(skewed))


def _replace(function: object, other: object) -> None:
    """Puts a function in the place of another, wherever a module has it under whatever name."""
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType):
            names = [name for name, value in vars(module).items() if value is function]
            for name in names:
                setattr(module, name, other)


def _set(kind: type, name: str, value: object) -> None:
    """Sets what a class written in C would not let anybody set: its namespace is an ordinary mapping."""
    (namespace,) = gc.get_referents(vars(kind))
    namespace[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
