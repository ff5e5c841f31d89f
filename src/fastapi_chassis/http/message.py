"""HttpRequest and HttpResponse: one call to another service, as values."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from fastapi_chassis.domain import ConflictException, NotFoundException, UnavailableException

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_URL = re.compile(r"https?://[!-~]+")
_FORBIDDEN = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)


class UnexpectedAnswerException(UnavailableException):
    """Another service answered what nobody here can use."""

    error_code = "UNEXPECTED_ANSWER"


def lower_names(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Returns headers under their names in lower case, unchangeable."""
    return MappingProxyType({name.lower(): value for name, value in headers.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What is sent.

    Args:
        method: such as `GET`.
        url: absolute, its query included.
        headers: by name; names are kept in lower case.
        body: the bytes, or none.
        timeout: seconds until the whole answer must be there.
        connect_timeout: seconds until the connection must stand.

    Raises:
        ValueError: method, URL or headers would break the message apart.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout: float = 10.0
    connect_timeout: float = 2.0

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.method):
            raise ValueError("this is no HTTP method")
        if not _URL.fullmatch(self.url):
            raise ValueError("this is no absolute URL of HTTP")
        for name, value in self.headers.items():
            if not _TOKEN.fullmatch(name) or _FORBIDDEN.search(value):
                raise ValueError(f"the header {name!r} holds characters that no header may hold")
        object.__setattr__(self, "headers", lower_names(self.headers))


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What came back, whatever its status.

    Args:
        status: such as 200.
        headers: by name; names are kept in lower case, values of one name are joined by commas.
        body: the bytes.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", lower_names(self.headers))

    @property
    def is_success(self) -> bool:
        """Whether the status says so."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text; what its character set doesn't know is replaced."""
        named = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            return self.body.decode(named[1] if named else "utf-8", errors="replace")
        except LookupError:
            return self.body.decode(errors="replace")

    def json(self) -> object:
        """Reads the body as JSON.

        Raises:
            UnexpectedAnswerException: it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError as fault:
            raise UnexpectedAnswerException("another service answered something that is no JSON") from fault

    def raise_for_status(self) -> None:
        """Passes if the status says success.

        Raises:
            NotFoundException: 404 or 410.
            ConflictException: 409 or 412.
            UnexpectedAnswerException: anything else.
        """
        if self.is_success:
            return
        if self.status in {404, 410}:
            raise NotFoundException("another service doesn't have what was asked for")
        if self.status in {409, 412}:
            raise ConflictException("another service is in another state than expected")
        raise UnexpectedAnswerException(f"another service answered {self.status}")
