"""Responses that many routes share, and what OpenAPI says of errors."""

from pydantic import BaseModel, Field

from fastapi_chassis.api.problems import MEDIA_TYPE, Problem, title_of


class SuccessResponse[Data](BaseModel):
    """An answer with a word about it."""

    data: Data
    message: str = Field("", examples=["done"])


def problem_responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """Documents which problems a route answers with: `responses=problem_responses(404, 409)`."""
    return {
        status: {
            "model": Problem,
            "description": title_of(status),
            "content": {MEDIA_TYPE: {"example": problem_example(status)}},
        }
        for status in statuses
    }


def problem_example(status: int) -> dict[str, object]:
    """Shows a problem of this status, for OpenAPI."""
    title = title_of(status)
    example: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": _DETAILS.get(status, title),
        "instance": "/api/items/",
        "trace_id": "01a1fbcc378779008d2cc721dc191d91",
        "error_code": _CODES.get(status, title.upper().replace(" ", "_")),
        "error_id": "01a1fbcc-3787-7900-8d2c-c721dc191d92",
    }
    if status in {400, 422}:
        example["errors"] = {"title": ["String should have at least 1 character"]}
    return example


_DETAILS = {
    400: "the request is not valid",
    401: "this needs a caller who is known",
    403: "the caller may not do this",
    404: "Item 01a1fbcc-3787-7900-8d2c-c721dc191d93 was not found",
    409: "Item 01a1fbcc-3787-7900-8d2c-c721dc191d93 was changed by somebody else",
    412: "Item 01a1fbcc-3787-7900-8d2c-c721dc191d93 was changed by somebody else",
    413: "the body has more than 1048576 bytes",
    422: "the request is not valid",
    429: "too many requests",
    500: "an unexpected error; it is in the log under error_id",
    503: "the database is away",
}
_CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHENTICATED",
    409: "CONFLICT",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    503: "UNAVAILABLE",
}
