"""The request's headers, read in one pass, and refused where they can't be trusted."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import getrandbits

from fastapi_chassis.api.refusals import HeadersTooLargeException, RefusedRequestException

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
_CORRELATION = re.compile(r"[A-Za-z0-9._-]{1,128}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_LONGEST_TRACESTATE = 512


@dataclass(slots=True)
class RequestHeaders:
    """What the edge reads of a request; texts are empty where a header is missing."""

    correlation_id: str = ""
    authorization: str = ""
    idempotency_key: str = ""
    host: str = ""
    hosts: int = 0
    traceparent: str = ""
    tracestate: str = ""
    origin: str = ""
    asked_method: str = ""
    content_type: str = ""
    content_length: str = ""
    count: int = 0
    size: int = 0

    @property
    def trace(self) -> dict[str, str]:
        """The W3C trace context that goes along with every message that follows."""
        if not self.traceparent:
            return {}
        if not self.tracestate:
            return {"traceparent": self.traceparent}
        return {"traceparent": self.traceparent, "tracestate": self.tracestate}

    @property
    def declared_length(self) -> int | None:
        """How long the body is, by its own account."""
        return int(self.content_length) if self.content_length else None

    def check(self, hosts: "AllowedHosts") -> None:
        """Refuses what no honest client sends.

        Raises:
            HeadersTooLargeException: too many, or too much.
            RefusedRequestException: not exactly one Host header, one that is not allowed, or a length that
                is none.
        """
        if self.count > MAX_HEADERS or self.size > MAX_HEADER_BYTES:
            message = f"at most {MAX_HEADERS} headers and {MAX_HEADER_BYTES} bytes of them"
            raise HeadersTooLargeException(message)
        if self.hosts != 1 or not hosts.allow(self.host):
            message = "the Host header must name this service, once"
            raise RefusedRequestException(message, error_code="INVALID_HOST")
        length = self.content_length
        if length and not (length.isascii() and length.isdigit() and len(length) < 20):
            raise RefusedRequestException("the Content-Length is not a number of bytes")

    def checked_key(self) -> str | None:
        """Returns the caller's name for this attempt.

        Raises:
            RefusedRequestException: an Idempotency-Key that is none.
        """
        if self.idempotency_key and not _KEY.fullmatch(self.idempotency_key):
            message = "an Idempotency-Key has 1 to 255 visible characters"
            raise RefusedRequestException(message, error_code="INVALID_IDEMPOTENCY_KEY")
        return self.idempotency_key or None


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> RequestHeaders:
    """Reads what the edge needs, and makes a correlation id where none came."""
    found = RequestHeaders()
    count = size = 0
    for name, value in raw:
        count += 1
        size += len(name) + len(value)
        read = _READERS.get(name)
        if read is not None:
            read(found, value.decode("latin-1"))
    found.count, found.size = count, size
    if not found.correlation_id:
        found.correlation_id = found.traceparent[3:35] or f"{getrandbits(128):032x}"
    return found


def _correlation(found: RequestHeaders, value: str) -> None:
    if _CORRELATION.fullmatch(value):
        found.correlation_id = value


def _traceparent(found: RequestHeaders, value: str) -> None:
    if _TRACEPARENT.fullmatch(value):
        found.traceparent = value


def _tracestate(found: RequestHeaders, value: str) -> None:
    if value.isascii() and value.isprintable() and len(value) <= _LONGEST_TRACESTATE:
        found.tracestate = value


def _host(found: RequestHeaders, value: str) -> None:
    found.hosts += 1
    found.host = value


def _plain(name: str) -> Callable[[RequestHeaders, str], None]:
    def read(found: RequestHeaders, value: str) -> None:
        if not getattr(found, name):  # of several the framework takes the first, and so must the guards
            setattr(found, name, value)

    return read


_READERS: dict[bytes, Callable[[RequestHeaders, str], None]] = {
    b"x-correlation-id": _correlation,
    b"traceparent": _traceparent,
    b"tracestate": _tracestate,
    b"host": _host,
    b"authorization": _plain("authorization"),
    b"idempotency-key": _plain("idempotency_key"),
    b"origin": _plain("origin"),
    b"access-control-request-method": _plain("asked_method"),
    b"content-type": _plain("content_type"),
    b"content-length": _plain("content_length"),
}


class AllowedHosts:
    """Which Host headers are answered.

    Args:
        patterns: names, `*.example.com` for every name below, `*` for any.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        patterns = tuple(pattern.lower() for pattern in patterns)
        self._any = "*" in patterns
        self._names = frozenset(patterns)
        self._suffixes = tuple(pattern[1:] for pattern in patterns if pattern.startswith("*."))

    def allow(self, host: str) -> bool:
        """Whether a Host header is one of them; its port does not count."""
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found["name"].lower()
        return self._any or name in self._names or name.endswith(self._suffixes)


_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,64}\])(?::[0-9]{1,5})?")
