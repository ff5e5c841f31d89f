"""What only the HTTP edge refuses: bodies and headers that never reach a handler."""

from fastapi_chassis.domain import AppException


class RefusedRequestException(AppException):
    """The request is no HTTP that this service answers."""

    error_code = "BAD_REQUEST"


class CrossOriginException(AppException):
    """A web page of this origin may not call the service."""

    error_code = "ORIGIN_REFUSED"


class BodyTooLargeException(AppException):
    """The body has more bytes than the route takes.

    Args:
        limit: how many it takes.
    """

    error_code = "CONTENT_TOO_LARGE"

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body has more than {limit} bytes", details={"limit": limit})


class HeadersTooLargeException(AppException):
    """More headers than any honest client sends."""

    error_code = "HEADERS_TOO_LARGE"


class PreconditionFailedException(AppException):
    """The version that If-Match names is not the current one."""

    error_code = "PRECONDITION_FAILED"
