"""The connection: client, time-outs and the probe; the one place that opens, closes and translates errors."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, InvalidOperation, InvalidURI, OperationFailure, PyMongoError
from pymongo.monitoring import CommandListener, ConnectionPoolListener

from fastapi_chassis.domain import ChassisError, Finding, UnavailableException, translating
from fastapi_chassis.plugins.odm.codec import OPTIONS, Document
from fastapi_chassis.plugins.odm.config import ODMConfig
from fastapi_chassis.plugins.odm.errors import told
from fastapi_chassis.plugins.odm.layout import Layout

type Listener = CommandListener | ConnectionPoolListener
type Client = AsyncMongoClient[Document]
type Mongo = AsyncDatabase[Document]

PROBED = "chassis_probe"
_REFUSED = (13, 18)


class DatabaseAwayError(ChassisError):
    """The database can't be reached, or does not let the service in."""


def translate_errors() -> AbstractContextManager[None]:
    """Turns what the database and its driver raise into the families of the service.

    Raises:
        AppException: what the caller is told.
        ChassisError: what the operator is told.
    """
    return translating(told)


class DocumentDatabase:
    """One database, what is known of its collections, and what its sessions keep from each other.

    Args:
        config: where it is; nothing is connected until it is opened.
        listeners: the driver tells them what it sends.
    """

    def __init__(self, config: ODMConfig, listeners: Sequence[Listener] = ()) -> None:
        self.config = config
        self._listeners = tuple(listeners)
        self.layout = Layout()
        self.claims: dict[object, object] = {}
        self.has_transactions = False  # nobody knows before the probe at connect
        self._client: Client | None = None
        # weak: a lock is forgotten with the last session that holds it or waits for it
        self._locks: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()
        self._closing: set[asyncio.Task[None]] = set()
        self._done_at: dict[str, float] = {}

    @property
    def is_open(self) -> bool:
        """Whether it is connected."""
        return self._client is not None

    @property
    def client(self) -> Client:
        """The open client.

        Raises:
            UnavailableException: it is not open, as where an optional database was away at the start.
        """
        if self._client is None:
            raise UnavailableException("the database is away", retry_after=1)
        return self._client

    @property
    def mongo(self) -> Mongo:
        """The database as the driver knows it."""
        return self.client.get_database(self.config.database_name, codec_options=OPTIONS)

    async def now(self) -> datetime:
        """Returns the server's time: processes on machines whose clocks differ agree on it."""
        told: datetime = (await self.mongo.command("hello"))["localTime"]
        return told.replace(tzinfo=UTC)

    def is_time_for(self, what: str, every: float) -> bool:
        """Whether something is to be done again in this process, so many seconds after the last time."""
        now, last = time.monotonic(), self._done_at.get(what)
        if last is not None and now < last + every:
            return False
        self._done_at[what] = now
        return True

    async def lock(self, what: object) -> asyncio.Lock:
        """Acquires the lock of something within this process; the caller releases it.

        Raises:
            UnavailableException: another session kept it for too long.
        """
        lock = self._locks.get(what)
        if lock is None:
            lock = self._locks[what] = asyncio.Lock()
        try:
            async with asyncio.timeout(self.config.lock_timeout):
                await lock.acquire()
        except TimeoutError:
            raise UnavailableException("another transaction is still writing", retry_after=1) from None
        return lock

    async def finish(self, closing: Coroutine[object, object, None]) -> None:
        """Waits for something to be closed, which goes on if the caller is cancelled."""
        task = asyncio.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        await asyncio.shield(task)

    async def open(self) -> None:
        """Connects and asks whether there are transactions.

        Raises:
            DatabaseAwayError: it does not answer, or does not let the service in.
        """
        try:
            self._client = connect(self.config, self._listeners)
        except (ConfigurationError, InvalidURI, ValueError, OSError) as error:
            raise _away(self.config, f"can't be addressed: {_first_line(error)}") from None
        try:
            with pymongo.timeout(self.config.selection_timeout + self.config.connect_timeout):
                await self._client.admin.command("ping")
                self.has_transactions = await _probe(self._client, self.mongo)
        except PyMongoError as error:
            raise _away(self.config, _reason(error)) from None

    async def close(self) -> None:
        """Closes every connection."""
        if self._closing:
            await asyncio.wait(self._closing, timeout=self.config.command_timeout)
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def connect(config: ODMConfig, listeners: Sequence[Listener] = ()) -> Client:
    """Makes a client whose every wait has an end; nothing is connected yet."""
    options: dict[str, Any] = {
        "appname": config.application_name,
        "maxPoolSize": config.pool_size,
        "connectTimeoutMS": _milliseconds(config.connect_timeout),
        "serverSelectionTimeoutMS": _milliseconds(config.selection_timeout),
        "socketTimeoutMS": _milliseconds(config.command_timeout),
        "waitQueueTimeoutMS": _milliseconds(config.command_timeout),
        "timeoutMS": _milliseconds(config.command_timeout),
        "heartbeatFrequencyMS": _milliseconds(config.heartbeat),
        "tz_aware": True,
        "tzinfo": UTC,
        "uuidRepresentation": "standard",
        "retryReads": True,
        "retryWrites": True,
        # what was acknowledged survives the loss of a server and a power cut
        "w": "majority",
        "journal": True,
        "event_listeners": list(listeners),
    }
    if config.username:
        options |= {"username": config.username, "password": config.password.get_secret_value()}
    return AsyncMongoClient(config.url.get_secret_value(), **options, **_tls_options(config))


@asynccontextmanager
async def open_odm(database: DocumentDatabase) -> AsyncIterator[Mongo]:
    """Checks that the database lets the service in, yields it, and closes every connection.

    Raises:
        DatabaseAwayError: it does not; says where it should be, never the password.
    """
    try:
        await database.open()
        yield database.mongo
    finally:
        await database.close()


async def _probe(client: Client, mongo: Mongo) -> bool:
    """Ends a transaction by a commit: some servers take part in one, and lack the command that ends it."""
    async with client.start_session() as session:
        try:
            await session.start_transaction()
            await mongo[PROBED].find_one({"_id": PROBED}, session=session)
            await session.commit_transaction()
        except OperationFailure as error:
            if error.code in _REFUSED:
                raise
            return False
        except (ConfigurationError, InvalidOperation):  # no sessions at all
            return False
        finally:
            with suppress(PyMongoError):
                await session.end_session()
    return True


def _tls_options(config: ODMConfig) -> dict[str, Any]:
    tls = config.tls
    if not (tls.enabled or tls.ca_file or tls.certificate_key_file):
        return {}
    options: dict[str, Any] = {"tls": True}
    if tls.ca_file:
        options["tlsCAFile"] = str(tls.ca_file)
    if tls.certificate_key_file:
        options["tlsCertificateKeyFile"] = str(tls.certificate_key_file)
    if password := tls.certificate_key_password.get_secret_value():
        options["tlsCertificateKeyFilePassword"] = password
    if not tls.verify:
        options["tlsInsecure"] = True
    return options


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _reason(error: PyMongoError) -> str:
    code = getattr(error, "code", None)
    if code in _REFUSED:
        return "refused the user or the password"
    return f"did not answer: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return str(error).partition(",")[0].partition("\n")[0]


def _away(config: ODMConfig, reason: str) -> DatabaseAwayError:
    return DatabaseAwayError(
        Finding(
            f"the database at {config.place} {reason}",
            where="plugins.odm.url",
            remedy="start it or correct the URL; required: false lets the service start without it.",
        )
    )
