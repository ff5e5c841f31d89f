"""RequestBody: the body on its way in, within its limit and free of what nobody can store."""

from typing import cast

from fastapi_chassis.api.middleware.asgi import Message, Receive, Scope
from fastapi_chassis.api.middleware.headers import RequestHeaders
from fastapi_chassis.api.middleware.json_body import check_json, check_urlencoded
from fastapi_chassis.api.refusals import BodyTooLargeException

# where a route with its own `max_body_size` leaves it
_LIMIT_OF_ROUTE = "starlette.max_body_size"


class RequestBody:
    """Passes a body on and looks at it.

    Args:
        receive: the server's.
        scope: the request's; a route may have set its own limit in it.
        limit: bytes, for every other route.
        headers: its declared length and its type.
    """

    __slots__ = ("_check", "_headers", "_parts", "_receive", "_scope", "_size", "limit")

    def __init__(self, receive: Receive, scope: Scope, limit: int, headers: RequestHeaders) -> None:
        self._receive = receive
        self._scope = scope
        self._headers = headers
        self._size = 0
        self._parts: list[bytes] = []
        self.limit = limit
        kind = headers.content_type.partition(";")[0].strip().lower()
        self._check = _CHECKS.get(kind) or (check_json if kind.endswith("+json") else None)

    async def receive(self) -> Message:
        """Returns the next part.

        Raises:
            BodyTooLargeException: it is more than the limit.
            ValidationException: it is no good JSON, or no good form.
        """
        self.limit = cast("int", self._scope.get(_LIMIT_OF_ROUTE, self.limit))
        self._hold(self._headers.declared_length or 0)
        message = await self._receive()
        if message["type"] == "http.request":
            part = cast("bytes", message.get("body", b""))
            self._size += len(part)
            self._hold(self._size)
            self._look_at(part, is_last=not message.get("more_body"))
        return message

    def _hold(self, size: int) -> None:
        if size > self.limit:
            raise BodyTooLargeException(self.limit)

    def _look_at(self, part: bytes, *, is_last: bool) -> None:
        check = self._check
        if check is None:
            return
        self._parts.append(part)
        if is_last:
            self._check = None
            check(part if len(self._parts) == 1 else b"".join(self._parts))


def _check_form(body: bytes) -> None:
    if b"%" in body or b"\x00" in body or not body.isascii():
        check_urlencoded(body, "body")


_CHECKS = {"application/json": check_json, "application/x-www-form-urlencoded": _check_form}
