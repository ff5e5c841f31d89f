"""HttpClientConfig: where another service is, and how long to wait for it."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from fastapi_chassis.config import ConfigModel, Wait


class HttpClientConfig(ConfigModel):
    """One other service.

    Args:
        base_url: what every path is appended to.
        headers: sent with every request.
        timeout: seconds for a call, its retries included.
        attempt_timeout: seconds for one attempt.
        connect_timeout: seconds until a connection must stand.
        attempts: how often a call that may be repeated is tried.
        consumer_id: who is calling, as `X-Consumer-Id` says.
    """

    base_url: Annotated[str, Field(pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$")]
    headers: Mapping[str, str] = Field(default_factory=dict)
    timeout: Wait = 10.0
    attempt_timeout: Wait = 5.0
    connect_timeout: Wait = 2.0
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    consumer_id: str = ""
