"""Problem details (RFC 9457): how each exception of the AppException family looks over HTTP."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from fastapi_chassis.api.refusals import (
    BodyTooLargeException,
    CrossOriginException,
    HeadersTooLargeException,
    PreconditionFailedException,
)
from fastapi_chassis.domain import (
    AlreadyExistsException,
    AppException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
    RateLimitedException,
    UnauthenticatedException,
    UnavailableException,
    ValidationException,
)

MEDIA_TYPE = "application/problem+json"
RESERVED = frozenset(
    {"type", "title", "status", "detail", "instance", "trace_id", "error_code", "error_id", "errors"}
)

STATUS: Mapping[type[AppException], int] = {
    ValidationException: 422,
    NotFoundException: 404,
    AlreadyExistsException: 409,
    ConflictException: 409,
    UnauthenticatedException: 401,
    ForbiddenException: 403,
    RateLimitedException: 429,
    UnavailableException: 503,
    BodyTooLargeException: 413,
    CrossOriginException: 403,
    HeadersTooLargeException: 431,
    PreconditionFailedException: 412,
    AppException: 400,
}

# these three were renamed by RFC 9110, and Python followed in 3.13
_TITLES = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}


class Problem(BaseModel):
    """What went wrong, for the caller."""

    model_config = ConfigDict(extra="allow")

    type: str = Field("about:blank", description="Identifies the kind of problem.")
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field("", examples=["Item 01a1fbcc-3787-7900-8d2c-c721dc191d91 was not found"])
    instance: str = Field("", description="The path that was asked for.")
    trace_id: str = Field("", description="Finds the request in logs and traces.")
    error_code: str = Field("", examples=["NOT_FOUND"])
    error_id: str = Field("", description="Identifies this very occurrence.")
    errors: dict[str, list[str]] | None = Field(None, description="Messages by field.")


def status_of(exception: AppException) -> int:
    """Finds the status of an exception, by its class or the nearest one above."""
    return next(STATUS[kind] for kind in type(exception).__mro__ if kind in STATUS)


def title_of(status: int) -> str:
    """Names a status, the same on every version of Python."""
    try:
        return _TITLES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Client Error" if status < 500 else "Server Error"


def problem_response(
    status: int, members: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Response:
    """Writes a problem; text that can't be encoded is replaced, never an error."""
    body = {"type": "about:blank", "title": title_of(status), "status": status, **members}
    kept = {name: value for name, value in body.items() if value is not None and value != ""}
    payload = to_json(_encodable(kept), fallback=str, inf_nan_mode="null")
    return Response(payload, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _encodable(value: object) -> object:
    """Replaces lone surrogates, which a caller can send and nobody can encode."""
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode()
        case bytes():
            return value.decode("utf-8", "replace")
        case dict():
            return {_encodable(key): _encodable(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_encodable(one) for one in value]
    return value
