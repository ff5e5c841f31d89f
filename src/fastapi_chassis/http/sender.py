"""HttpSender: the port to the network; one verb."""

from typing import Protocol

from fastapi_chassis.http.message import HttpRequest, HttpResponse


class HttpSender(Protocol):
    """Sends requests through pooled connections; follows no redirect, and keeps no cookie."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Sends a request and returns the whole answer, whatever its status.

        Raises:
            UnavailableException: no answer came in time, or none at all.
        """
        ...
