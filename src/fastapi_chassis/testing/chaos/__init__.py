"""A network that fails on demand: `async with open_proxy(host, port) as proxy`, then toxics and cuts."""

from fastapi_chassis.testing.chaos.cuts import Cut
from fastapi_chassis.testing.chaos.proxy import Proxy, open_proxy
from fastapi_chassis.testing.chaos.toxics import (
    Bandwidth,
    Latency,
    LimitData,
    ResetPeer,
    Slicer,
    SlowClose,
    Stream,
    Timeout,
    Toxic,
)

__all__ = (
    "Bandwidth",
    "Cut",
    "Latency",
    "LimitData",
    "Proxy",
    "ResetPeer",
    "Slicer",
    "SlowClose",
    "Stream",
    "Timeout",
    "Toxic",
    "open_proxy",
)
