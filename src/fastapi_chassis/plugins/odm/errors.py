"""Errors: what a complaint of MongoDB or its driver means to the caller, by its code."""

import re
from collections.abc import Callable, Mapping
from typing import cast

from bson.errors import BSONError
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    InvalidName,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)

from fastapi_chassis.domain import (
    AlreadyExistsException,
    AppException,
    ChassisError,
    Finding,
    TransientConflictException,
    UnavailableException,
    ValidationException,
)

type Told = AppException | ChassisError

TRANSIENT, UNKNOWN = "TransientTransactionError", "UnknownTransactionCommitResult"
TAKEN = 11000
# FerretDB hands on, as an internal error, what PostgreSQL and its own connections to it say
_INTERNAL = 1
_AWAY = re.compile(
    r"terminating connection|the database system is|unexpected EOF|too many clients"
    r"|remaining connection slots|failed to connect|\(\*Pool\)\.Acquire|conn closed"
    r"|connection reset|connection refused|broken pipe"
)
_AGAIN = re.compile(r"deadlock detected|could not serialize access|tuple concurrently updated")
_LEAKED = "duplicate key value violates unique constraint"
_CONSTRAINT = "could not create exclusion constraint"
_INDEX = re.compile(r"index:?\s+'?([^\s']+)", re.IGNORECASE)


class RefusedCommandError(ChassisError):
    """The server does not do what the service asks of it."""


def _taken() -> Told:
    return AlreadyExistsException("a value that must be unique is taken")


def _again() -> Told:
    return TransientConflictException("somebody else changed the same data; try again")


def _invalid() -> Told:
    return ValidationException("a value can't be stored")


def _pattern() -> Told:
    return ValidationException("a pattern is too long or too intricate", error_code="INVALID_FILTER")


def _busy() -> Told:
    return UnavailableException("the database is busy", retry_after=1)


def _away() -> Told:
    return UnavailableException("the database is away", retry_after=1)


def unknown() -> Told:
    """Makes the exception for a commit whose answer was lost."""
    return UnavailableException("the database did not say whether this was done", retry_after=1)


_BY_CODE: dict[int, Callable[[], Told]] = {
    2: _invalid,
    6: _away,
    7: _away,
    13: _away,
    18: _away,
    22: _invalid,
    24: _busy,
    50: _busy,
    64: _busy,
    89: _away,
    91: _away,
    112: _again,
    189: _away,
    202: _busy,
    251: _again,
    262: _busy,
    10107: _away,
    10334: _invalid,
    11000: _taken,
    11001: _taken,
    11600: _away,
    11602: _away,
    13435: _away,
    13436: _away,
    17280: _invalid,
    17419: _invalid,
    51091: _pattern,
}


# the first that fits decides
_BY_KIND: tuple[tuple[tuple[type[BaseException], ...], Callable[[], Told]], ...] = (
    ((NetworkTimeout, WaitQueueTimeoutError), _busy),
    ((DocumentTooLarge, BSONError, OverflowError, UnicodeError), _invalid),
    ((ConnectionFailure, OSError), _away),
)


def told(error: BaseException) -> Told | None:
    """Says in the families of the service what an error means; None if it is none of the database."""
    if isinstance(error, AppException | ChassisError):
        return error
    if isinstance(error, OperationFailure):
        return _by_code(error)
    for kinds, make in _BY_KIND:
        if isinstance(error, kinds):
            return make()
    return _refused(error) if isinstance(error, InvalidName) else None


def has_label(error: BaseException, label: str) -> bool:
    """Whether the server or the driver marked an error."""
    return isinstance(error, PyMongoError) and error.has_error_label(label)


def violated(error: BaseException) -> str | None:
    """Returns the name of the unique index that refused a write, empty where that can't be told."""
    if not isinstance(error, OperationFailure):
        return None
    for code, message in _complaints(error):
        if code == TAKEN:
            found = _INDEX.search(message)
            return found.group(1) if found else ""
    return None


def unique_values_stand_against(error: OperationFailure) -> bool:
    """Whether an index could not be made because values are there twice."""
    # DocumentDB hands on what PostgreSQL said, without a code of MongoDB
    return _CONSTRAINT in str(error) or any(code == TAKEN for code, _ in _complaints(error))


def _by_code(error: OperationFailure) -> Told:
    if has_label(error, TRANSIENT):
        return _again()
    if has_label(error, UNKNOWN):
        return unknown()
    for code, message in _complaints(error):
        if code in _BY_CODE:
            return _BY_CODE[code]()
        if code == _INTERNAL and _AWAY.search(message):
            return _away()
        if code == _INTERNAL and _AGAIN.search(message):
            return _again()
    return _refused(error)


def _complaints(error: OperationFailure) -> list[tuple[int | None, str]]:
    if isinstance(error, BulkWriteError):
        written = cast("list[Mapping[str, object]]", error.details.get("writeErrors", []))
        return [(cast("int", one.get("code")), str(one.get("errmsg", ""))) for one in written]
    if error.code == _INTERNAL and _LEAKED in str(error):
        return [(TAKEN, "index: _id_" if f'{_LEAKED} "collection_pk' in str(error) else "")]
    return [(error.code, str(error))]


def _refused(error: Exception) -> RefusedCommandError:
    code = getattr(error, "code", None)
    what = f"the database refuses a command ({code or type(error).__name__})"
    return RefusedCommandError(
        Finding(what, remedy="see the log of the server, and whether it is a MongoDB of version 5 or later.")
    )
