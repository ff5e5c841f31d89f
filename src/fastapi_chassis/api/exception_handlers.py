"""Exception handlers: every error leaves as a problem, and what is unexpected stands in the log."""

import logging
from collections.abc import Mapping
from math import ceil
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from fastapi_chassis.api.allowed_methods import allowed_methods
from fastapi_chassis.api.etag import etag_of
from fastapi_chassis.api.invalid_input import errors_of
from fastapi_chassis.api.problems import RESERVED, problem_response, status_of, title_of
from fastapi_chassis.api.refusals import BodyTooLargeException
from fastapi_chassis.api.rejected import REJECTED
from fastapi_chassis.api.request_scope import SCOPE_KEY
from fastapi_chassis.application import current_context
from fastapi_chassis.domain import (
    AppException,
    ConflictException,
    RateLimitedException,
    UnauthenticatedException,
    UnavailableException,
    ValidationException,
    new_id,
)

_log = logging.getLogger("fastapi_chassis.api")
_LONGEST_PATH = 500


def setup_exception_handlers(
    app: FastAPI, *, validation_status: int = 422, type_base: str = ""
) -> "ProblemWriter":
    """Makes every error of an application a problem (RFC 9457).

    Args:
        app: gets the handlers.
        validation_status: the status of invalid input, 422 or 400.
        type_base: what a problem's `type` begins with; `about:blank` where nothing is given.
    """
    writer = ProblemWriter(validation_status, type_base)
    app.add_exception_handler(AppException, writer.told)
    app.add_exception_handler(RequestValidationError, writer.invalid)
    app.add_exception_handler(HTTPException, writer.http)
    app.add_exception_handler(Exception, writer.unexpected)
    return writer


class ProblemWriter:
    """Writes problems.

    Args:
        validation_status: the status of invalid input.
        type_base: what a problem's `type` begins with.
    """

    def __init__(self, validation_status: int, type_base: str) -> None:
        self._validation_status = validation_status
        self._type_base = type_base

    async def any(self, request: Request, fault: Exception) -> Response:
        """Answers whatever came out of the application."""
        match fault:
            case AppException():
                return await self.told(request, fault)
            case HTTPException():
                return await self.http(request, fault)
        return await self.unexpected(request, fault)

    async def told(self, request: Request, fault: Exception) -> Response:
        """Answers an expected outcome."""
        told = cast("AppException", fault)
        if type(told) is UnauthenticatedException and told.error_code == UnauthenticatedException.error_code:
            # nobody is known: why the token was refused says more
            told = cast("AppException", request.scope.get(REJECTED, told))
        status, code = self._status_of(told, request), told.error_code
        if status == 412:
            code = "PRECONDITION_FAILED"
        errors = told.errors if isinstance(told, ValidationException) and told.errors else None
        details = {name: value for name, value in told.details.items() if name not in RESERVED}
        members = {"detail": told.message, "error_code": code, "errors": errors, **details}
        if status >= 500:
            members["error_id"] = _logged(code, told)
        return self._problem(request, status, members, _headers_of(told))

    async def invalid(self, request: Request, fault: Exception) -> Response:
        """Answers input that does not fit; what was sent is never repeated."""
        members = {
            "detail": "the request is not valid",
            "error_code": ValidationException.error_code,
            "errors": errors_of(cast("RequestValidationError", fault)),
        }
        return self._problem(request, self._validation_status, members)

    async def http(self, request: Request, fault: Exception) -> Response:
        """Answers what the framework or a route refused, its headers kept."""
        refused = cast("HTTPException", fault)
        cause = refused.__cause__  # what the edge said while the framework read the body
        if isinstance(cause, AppException):
            return await self.told(request, cause)
        if isinstance(cause, ClientDisconnect) and SCOPE_KEY in request.scope:
            raise cause
        status = refused.status_code
        if status < 400:
            return Response(status_code=status, headers=refused.headers)
        headers = dict(refused.headers or {})
        if status == 405:
            headers["Allow"] = allowed_methods(request)
        detail: object = refused.detail
        members: dict[str, object] = {"error_code": title_of(status).upper().replace(" ", "_")}
        if isinstance(detail, Mapping):
            members |= {str(name): one for name, one in detail.items() if name not in RESERVED}
        elif detail != title_of(status):
            members["detail"] = str(detail)
        return self._problem(request, status, members, headers)

    async def unexpected(self, request: Request, fault: Exception) -> Response:
        """Answers a fault of ours: no internals, and an identifier that stands in the log."""
        members = {
            "detail": "an unexpected error; it is in the log under error_id",
            "error_code": "INTERNAL_ERROR",
            "error_id": _logged("INTERNAL_ERROR", fault),
        }
        return self._problem(request, 500, members)

    def _status_of(self, told: AppException, request: Request) -> int:
        if isinstance(told, ValidationException):
            return self._validation_status
        if isinstance(told, ConflictException) and _versioned(told) and "if-match" in request.headers:
            return 412
        return status_of(told)

    def _problem(
        self,
        request: Request,
        status: int,
        members: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        code = str(members["error_code"]).lower().replace("_", "-")
        common = {
            "type": f"{self._type_base}{code}" if self._type_base else "about:blank",
            "detail": "",
            "instance": str(request.scope["path"])[:_LONGEST_PATH],
            "trace_id": _trace_id(),
        }
        return problem_response(status, {**common, "error_id": str(new_id()), **members}, headers)


def _logged(code: str, fault: Exception) -> str:
    """Writes what went wrong on our side to the log and returns where to find it."""
    error_id = str(new_id())
    extra = {"error_id": error_id, "error_code": code}
    if isinstance(fault, AppException):
        _log.warning("%s %s: %s", code, error_id, fault.message, extra=extra)
    else:
        _log.error("unexpected error %s", error_id, exc_info=fault, extra=extra)
    return error_id


def _trace_id() -> str:
    context = current_context()
    _, _, rest = context.headers.get("traceparent", "").partition("-")
    return rest.partition("-")[0] or context.correlation_id


def _versioned(told: AppException) -> bool:
    return isinstance(told.details.get("current_version"), int)


def _headers_of(told: AppException) -> dict[str, str]:
    match told:
        case UnauthenticatedException():
            error = ' error="invalid_token"' if told.error_code == "INVALID_TOKEN" else ""
            return {"WWW-Authenticate": f"Bearer{error}"}
        case BodyTooLargeException():
            return {"Connection": "close"}  # nobody reads the rest
        case RateLimitedException() | UnavailableException():
            return {"Retry-After": str(max(1, ceil(told.retry_after or 1)))}
        case ConflictException() if _versioned(told):
            return {"ETag": etag_of(cast("int", told.details["current_version"]))}
    return {}
