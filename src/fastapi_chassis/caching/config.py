"""CachingConfig: how the service loads and keeps what it computes."""

from typing import Annotated

from pydantic import Field

from fastapi_chassis.config import ConfigModel, Wait


class CachingConfig(ConfigModel):
    """How values of `@cached` are loaded; all times in seconds.

    Args:
        lock: for how long one process keeps the others from loading the same value; above the time of a load.
        wait: how long the others wait for it before they load for themselves.
        local_entries: how many values the process keeps itself, for functions that want it.
    """

    lock: Wait = 10
    wait: Wait = 5
    local_entries: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
