"""CrossOrigin: which web pages may call the service (CORS), decided once and answered from tables."""

from fastapi_chassis.api.middleware.asgi import Headers
from fastapi_chassis.api.middleware.headers import RequestHeaders
from fastapi_chassis.api.refusals import CrossOriginException
from fastapi_chassis.config import CorsConfig

_VARY = (b"vary", b"Origin")


class CrossOrigin:
    """Answers preflights and marks responses.

    Args:
        config: origins, methods, headers.

    Raises:
        ValueError: any origin together with credentials.
    """

    def __init__(self, config: CorsConfig) -> None:
        self._any = "*" in config.origins
        if self._any and config.credentials:
            raise ValueError("origins: ['*'] with credentials lets every web page act as the user")
        self._origins = frozenset(config.origins)
        shared = [(b"access-control-allow-credentials", b"true")] if config.credentials else []
        exposed = ", ".join(config.expose_headers).encode("latin-1")
        self._marks: Headers = [*shared, *([(b"access-control-expose-headers", exposed)] if exposed else [])]
        self._preflight: Headers = [
            *shared,
            (b"access-control-allow-methods", ", ".join(config.methods).encode("latin-1")),
            (b"access-control-allow-headers", ", ".join(config.headers).encode("latin-1")),
            (b"access-control-max-age", str(int(config.max_age)).encode()),
        ]

    def marks(self, origin: str) -> Headers:
        """Returns the headers of a response to a page of this origin; an empty one is no page."""
        if self._any:
            return [(b"access-control-allow-origin", b"*"), *self._marks] if origin else []
        if origin not in self._origins:
            return [_VARY]
        return [(b"access-control-allow-origin", origin.encode("latin-1")), *self._marks, _VARY]

    def preflight(self, method: object, headers: RequestHeaders) -> Headers | None:
        """Returns the headers of the answer to a preflight, or None if the request is none.

        Raises:
            CrossOriginException: pages of this origin may not call.
        """
        if method != "OPTIONS" or not headers.origin or not headers.asked_method:
            return None
        if not self._any and headers.origin not in self._origins:
            raise CrossOriginException("pages of this origin may not call this service")
        return self._preflight
