"""Answer: the response on its way out, with the headers that every response carries."""

from collections.abc import Sequence
from typing import cast

from fastapi_chassis.api.middleware.asgi import Headers, Message, Send
from fastapi_chassis.api.middleware.counting import Named, limit_headers

_PLAIN = b"text/plain"


class Answer:
    """Passes a response on and notes what it was.

    Args:
        send: the server's.
        fixed: headers of every response, unless a route set them.
    """

    __slots__ = ("_fixed", "_is_swallowed", "_own", "_send", "decisions", "is_too_large", "status")

    def __init__(self, send: Send, fixed: Sequence[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._fixed = fixed
        self._own: Headers = []
        self._is_swallowed = False
        self.decisions: list[Named] = []
        self.is_too_large = False
        self.status = 0

    def carry(self, *headers: tuple[bytes, bytes]) -> None:
        """Adds headers of this very response; where a route sets one of them, the route's stands."""
        self._own.extend(headers)

    async def send(self, message: Message) -> None:
        """Sends a part of the response."""
        if message["type"] == "http.response.start":
            headers = cast("Headers", message.get("headers", []))
            self._is_swallowed = message["status"] == 413 and _is_plain(headers)
            if self._is_swallowed:  # the framework's own limit speaks plain text; a problem is sent instead
                self.is_too_large = True
                return
            self.status = cast("int", message["status"])
            message["headers"] = self._completed(headers)
        elif self._is_swallowed:
            return
        await self._send(message)

    def _completed(self, headers: Headers) -> Headers:
        present = {name.lower() for name, _ in headers}
        if self.decisions:
            self._own += limit_headers(self.decisions)
        return [
            *headers,
            *[header for header in self._fixed if header[0] not in present],
            *[header for header in self._own if header[0] not in present or header[0] == b"vary"],
        ]


def _is_plain(headers: Headers) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(_PLAIN) for name, value in headers)
