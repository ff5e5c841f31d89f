"""The two error families: AppException is told to the caller, ChassisError to the operator."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar


class AppException(Exception):  # noqa: N818 - the family is known by this name
    """An expected outcome that the caller is told about; every door maps it to its own protocol.

    Args:
        message: a sentence for the caller; never internals.
        error_code: a stable code for programs; the family's own by default.
        details: further members for the caller; values must be JSON-able.
    """

    error_code: str = "APPLICATION_ERROR"

    def __init__(
        self, message: str, *, error_code: str | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code or type(self).error_code
        self.details: dict[str, object] = dict(details or {})


class ValidationException(AppException):
    """The request can't be right, whatever the state of the system.

    Args:
        message: a sentence for the caller.
        errors: messages by field name.
        error_code: a stable code for programs.
        details: further members for the caller.
    """

    error_code = "VALIDATION_ERROR"

    def __init__(
        self,
        message: str,
        *,
        errors: Mapping[str, list[str]] | None = None,
        error_code: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, error_code=error_code, details=details)
        self.errors: dict[str, list[str]] = dict(errors or {})


class NotFoundException(AppException):
    """What was asked for is not there, or not for this caller."""

    error_code = "NOT_FOUND"


class AlreadyExistsException(AppException):
    """Something with this identity or unique value is there already."""

    error_code = "ALREADY_EXISTS"


class ConflictException(AppException):
    """The state has moved on since the caller looked; `details["current_version"]` says where it stands."""

    error_code = "CONFLICT"


class TransientConflictException(ConflictException):
    """The store gave this transaction up for another one; the same work, begun anew, may pass."""


class UnauthenticatedException(AppException):
    """Who is calling is not known, or the proof is not good."""

    error_code = "UNAUTHENTICATED"


class ForbiddenException(AppException):
    """The caller is known, and may not do this."""

    error_code = "FORBIDDEN"


class RateLimitedException(AppException):
    """Too many calls.

    Args:
        message: a sentence for the caller.
        retry_after: seconds until another call may pass.
    """

    error_code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableException(AppException):
    """Something that this work needs is away for now; the same call may pass later.

    Args:
        message: a sentence for the caller.
        retry_after: seconds until another call makes sense, where that is known.
    """

    error_code = "UNAVAILABLE"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what, where, and what to do about it."""

    what: str
    where: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n   {self.remedy}" if self.remedy else head


class ChassisError(Exception):
    """The service is wired or configured wrongly; carries every finding, never only the first."""

    title: ClassVar[str] = "could not start"

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings: tuple[Finding, ...] = findings


class WiringError(ChassisError):
    """The parts of the application don't fit together; raised while it is built."""


class MissingExtraError(ChassisError):
    """A library that comes with an extra is not installed.

    Args:
        extra: the extra, which is also the plugin's name.
    """

    def __init__(self, extra: str) -> None:
        super().__init__(
            Finding(
                f"{extra} is used, and its library is not installed",
                remedy=f'pip install "fastapi-chassis[{extra}]"',
            )
        )


def translating(told: Callable[[Exception], Exception | None]) -> AbstractContextManager[None]:
    """Turns what a vendor's client raises into the families of the service.

    Args:
        told: what is raised instead of an exception; None where that is raised as it is.
    """
    return _Translating(told)


class _Translating:
    """A class and no generator: it stands around every statement and command."""

    __slots__ = ("_told",)

    def __init__(self, told: Callable[[Exception], Exception | None]) -> None:
        self._told = told

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception) or isinstance(error, (AppException, ChassisError)):
            return
        translated = self._told(error)
        if translated is None:
            return
        # an expected outcome needs no trace, and the client's text may hold values
        expected = isinstance(translated, AppException) and not isinstance(translated, UnavailableException)
        raise translated from (None if expected else error)
