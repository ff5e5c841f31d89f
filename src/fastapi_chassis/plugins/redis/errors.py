"""Errors: what a complaint of Redis or its client means to the caller."""

from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    AuthorizationError,
    BusyLoadingError,
    ClusterCrossSlotError,
    ClusterDownError,
    MaxConnectionsError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    SlotNotCoveredError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from fastapi_chassis.domain import AppException, ChassisError, Finding, UnavailableException

type Told = AppException | ChassisError

LOGIN = (AuthenticationError, AuthenticationWrongNumberOfArgsError, AuthorizationError, NoPermissionError)

_BUSY = (BusyLoadingError, MaxConnectionsError, OutOfMemoryError, TryAgainError)
_AWAY = (
    RedisConnectionError,
    RedisTimeoutError,
    ClusterDownError,
    SlotNotCoveredError,
    ReadOnlyError,
    OSError,
    *LOGIN,
)
# what a server says that can't do its work for now, by the first word
_AWAY_WORDS = {
    "BUSY",
    "CLUSTERDOWN",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "NOAUTH",
    "NOREPLICAS",
    "UNKILLABLE",
}


class RedisCommandError(ChassisError):
    """The server refuses a command: it does not fit the server, the script or the kind of the key."""


class UnknownScriptError(RedisCommandError):
    """The server does not know a script by its digest; it is sent whole then."""


def told(error: Exception) -> Told | None:
    """Says in the families of the service what an error means; None if it is none of Redis."""
    if isinstance(error, AppException | ChassisError):
        return error
    if isinstance(error, _BUSY):
        return UnavailableException("redis is busy", retry_after=1)
    if isinstance(error, _AWAY) or _word(error) in _AWAY_WORDS or _is_of_a_closed_transport(error):
        return UnavailableException("redis is away", retry_after=1)
    if isinstance(error, NoScriptError):
        return UnknownScriptError(Finding("redis does not know a script", remedy="send its source."))
    if isinstance(error, RedisError | RedisClusterException):
        return RedisCommandError(_refused(error))
    return None


def was_not_received(error: Exception) -> bool:
    """Whether a connection failed under a command, so that another one may carry it."""
    if _is_of_a_closed_transport(error):
        return True
    return isinstance(error, RedisConnectionError) and not isinstance(error, LOGIN)


def _is_of_a_closed_transport(error: Exception) -> bool:
    """Whether asyncio could not write, because another caller closed the connection meanwhile.

    So it happens where the client learns anew which nodes a cluster has.
    """
    if not isinstance(error, RuntimeError | TypeError | AttributeError):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    return str(module).partition(".")[0] in {"asyncio", "uvloop"}


def _refused(error: Exception) -> Finding:
    if isinstance(error, AskError):  # that a key has moved is one as well
        return Finding("redis is a node of a cluster", remedy="set cluster: true in its section.")
    if isinstance(error, ClusterCrossSlotError) or "same key slot" in str(error):
        return Finding(
            "the keys of a command lie on several nodes of the cluster",
            remedy="give them a common part in braces, as cart:{42}:items and cart:{42}:owner.",
        )
    return Finding(f"redis refuses a command: {error}", remedy="see the command, and what its key holds.")


def _word(error: Exception) -> str:
    return str(error).partition(" ")[0] if isinstance(error, ResponseError) else ""
