"""Errors: what a database's complaint means to the caller, by its code."""

import sqlite3

from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from fastapi_chassis.domain import (
    AlreadyExistsException,
    AppException,
    ChassisError,
    ConflictException,
    Finding,
    TransientConflictException,
    UnavailableException,
    ValidationException,
)

type Told = AppException | ChassisError


class SchemaError(ChassisError):
    """The database does not have what the service asks it for."""


def _taken() -> Told:
    return AlreadyExistsException("a value that must be unique is taken")


def _conflict() -> Told:
    return ConflictException("this conflicts with other data")


def _again() -> Told:
    return TransientConflictException("somebody else changed the same data; try again")


def _unknown() -> Told:
    return UnavailableException("the database did not say whether this was done", retry_after=1)


def _invalid() -> Told:
    return ValidationException("a value can't be stored")


def _busy() -> Told:
    return UnavailableException("the database is busy", retry_after=1)


def _away() -> Told:
    return UnavailableException("the database is away", retry_after=1)


# the longest beginning of the SQLSTATE decides
_BY_SQLSTATE = {
    "08": _away,
    "22": _invalid,
    "23502": _invalid,
    "23503": _conflict,
    "23505": _taken,
    "23514": _invalid,
    "23": _conflict,
    "25P03": _busy,
    "28": _away,
    "3D000": _away,
    "40": _again,
    "40002": _conflict,
    "40003": _unknown,
    "53": _away,
    "54": _invalid,
    "55P03": _busy,
    "57014": _busy,
    "57P": _away,
    "58": _away,
}
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: _taken,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: _taken,
    sqlite3.SQLITE_CONSTRAINT_ROWID: _taken,
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: _invalid,
    sqlite3.SQLITE_CONSTRAINT_CHECK: _invalid,
    sqlite3.SQLITE_CONSTRAINT: _conflict,
    sqlite3.SQLITE_MISMATCH: _invalid,
    sqlite3.SQLITE_TOOBIG: _invalid,
    sqlite3.SQLITE_BUSY: _busy,
    sqlite3.SQLITE_LOCKED: _busy,
    sqlite3.SQLITE_FULL: _away,
    sqlite3.SQLITE_IOERR: _away,
    sqlite3.SQLITE_CANTOPEN: _away,
    sqlite3.SQLITE_NOTADB: _away,
    sqlite3.SQLITE_READONLY: _away,
}


def told(error: BaseException) -> Told | None:
    """Says in the families of the service what an error means; None if it is none of a database.

    An error of the network, a time-out and a lost connection mean that the database is away.
    """
    if isinstance(error, PoolTimeoutError):
        return _busy()
    if isinstance(error, StatementError) and error.orig is not None:
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        return _away() if lost and sqlstate_of(error.orig) is None else told_of_driver(error.orig)
    return told_of_driver(error)


def told_of_driver(error: BaseException) -> Told | None:
    """Says what an error of the driver means."""
    if isinstance(error, AppException | ChassisError):
        return error
    if (state := sqlstate_of(error)) is not None:
        return _by_sqlstate(state)
    if isinstance(error, sqlite3.Error):
        return _by_sqlite(error)
    return _by_kind(error)


def _by_kind(error: BaseException) -> Told | None:
    """Judges what has no code: a value that can't be encoded, or a connection that is no more."""
    if isinstance(error, OverflowError | UnicodeError):
        return _invalid()
    if isinstance(error, OSError):  # a TimeoutError is one
        return _away()
    if type(error).__module__.startswith(("asyncpg.", "sqlalchemy.")):
        causes = (error, error.__cause__)
        return _invalid() if any(isinstance(one, ValueError) for one in causes) else _away()
    return None


def ends_transaction(error: BaseException) -> bool:
    """Whether a transaction in which this happened, outside of a savepoint, can't be committed any more."""
    return isinstance(error, DBAPIError | OSError) or type(error).__module__.startswith("asyncpg.")


def violated(error: Exception, table: Table) -> tuple[str, ...] | None:
    """Returns the columns whose values are taken, none where that can't be told; None for another error."""
    if not isinstance(told(error), AlreadyExistsException):
        return None
    driver = error.orig.__cause__ or error.orig if isinstance(error, IntegrityError) and error.orig else error
    name = getattr(driver, "constraint_name", None)
    if name is None:
        _, _, columns = str(driver).partition("UNIQUE constraint failed: ")
        keys = tuple(part.rpartition(".")[2] for part in columns.split(", "))
        return keys if set(keys) <= set(table.columns.keys()) else ()
    if name in {table.primary_key.name, f"{table.name}_pkey"}:
        return tuple(table.primary_key.columns.keys())
    named = (*table.constraints, *table.indexes)
    groups = [getattr(one, "columns", ()) for one in named if getattr(one, "name", None) == name]
    return tuple(column.key for columns in groups for column in columns)


def sqlstate_of(error: BaseException) -> str | None:
    """Reads PostgreSQL's five letters from an error."""
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) and len(state) == 5 else None


def _by_sqlstate(state: str) -> Told:
    for length in (5, 3, 2):
        if state[:length] in _BY_SQLSTATE:
            return _BY_SQLSTATE[state[:length]]()
    return _unfit(f"PostgreSQL refuses a statement ({state})")


def _by_sqlite(error: sqlite3.Error) -> Told:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return _away()
    for known in (code, code & 0xFF):
        if known in _BY_SQLITE_CODE:
            return _BY_SQLITE_CODE[known]()
    return _unfit(f"SQLite refuses a statement: {error}")


def _unfit(what: str) -> SchemaError:
    return SchemaError(
        Finding(
            what, remedy="run chassis migrate; if that changes nothing, compare the table with the entity."
        )
    )
