"""ODMSession: what one unit of work writes, at once in a transaction or gathered for one atomic command."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Literal, Protocol

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.command_cursor import AsyncCommandCursor
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.errors import PyMongoError

from fastapi_chassis.application import TransactionRequiredError
from fastapi_chassis.plugins.odm.codec import Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, Mongo, translate_errors
from fastapi_chassis.plugins.odm.errors import TRANSIENT, has_label, unknown
from fastapi_chassis.plugins.odm.pending import Carried, PendingRemovals, PendingWrite, write_carrier

type Carriable = Literal["_outbox", "_notes", "_schedule", "_audit"]
type Work[Result] = Callable[[AsyncClientSession | None], Awaitable[Result]]
type Cursor = AsyncCursor[Document] | AsyncCommandCursor[Document]

STREAMED = 500  # documents in memory while a stream runs
_log = logging.getLogger("fastapi_chassis.odm")


class Loan(Protocol):
    """What a unit of work keeps from all others, in this process and elsewhere, until its end."""

    async def renew(self) -> None:
        """Makes sure before the commit that it is kept still.

        Raises:
            TransientConflictException: it is not; nothing may be stored.
        """
        ...

    async def end(self, *, is_done: bool) -> None:
        """Gives it back, or removes what the commit has brought to an end."""
        ...


class ODMSession:
    """What repositories, outbox and inbox of one message write through.

    Where the server has transactions, `write` runs in one, and an error of the server dooms it. Where it has
    none, the one aggregate of the unit waits in `pending` until the commit writes it by one command, and
    what travels with it is handed to `carry`.

    Args:
        documents: the database, opened before the session begins.
    """

    def __init__(self, documents: DocumentDatabase) -> None:
        self.documents = documents
        self.pending: PendingWrite | PendingRemovals | None = None
        self.noted: set[str] = set()
        self.loans: list[Loan] = []
        self._carried: dict[str, list[Document]] = {}
        self._is_open = False
        self._client_session: AsyncClientSession | None = None
        self._has_written = False
        self._doom: Exception | None = None
        self._locks: dict[object, asyncio.Lock] = {}
        self._turn = asyncio.Lock()

    @property
    def database(self) -> Mongo:
        """The database as the driver knows it."""
        return self.documents.mongo

    @property
    def has_transactions(self) -> bool:
        """Whether a commit takes several documents; the probe at connect says so."""
        return self.documents.has_transactions

    @property
    def client_session(self) -> AsyncClientSession | None:
        """The driver's session, its transaction begun; None on a server without transactions."""
        return self._client_session

    @property
    def is_open(self) -> bool:
        """Whether a unit of work is open."""
        return self._is_open

    def collections(self) -> tuple[str, ...]:
        """Returns the collections whose documents may carry messages and notes."""
        return self.documents.layout.carrying

    def carry(self, field: Carriable, documents: Sequence[Document]) -> None:
        """Hands over what the commit writes together with the aggregate, by the same atomic command.

        A unit that writes no aggregate writes a carrier: a document of its own in `chassis_carrier`. So does
        a transaction.

        Args:
            field: `_outbox` for messages that wait, each with a unique `id`; `_notes` for what must not be
                forgotten with the work, each with a `key` that is unique in its collection; `_schedule` for
                messages that wait for their time; `_audit` for records of what was done.
            documents: appended in this order.
        """
        self.must_be_open()
        self._carried.setdefault(field, []).extend(documents)

    def carried(self, field: Carriable) -> list[Document]:
        """Returns what was handed over; what is taken out of it is not written."""
        return self._carried.setdefault(field, [])

    def claim(self, what: object) -> bool:
        """Keeps something for this unit of work within the process; False if another one has it."""
        self.must_be_open()
        return self.documents.claims.setdefault(what, self) is self

    async def hold(self, what: object) -> None:
        """Keeps something for this unit of work, once the one that has it in this process has ended.

        Raises:
            UnavailableException: that took too long.
        """
        self.must_be_open()
        if what not in self._locks:
            self._locks[what] = await self.documents.lock(what)

    def must_be_open(self) -> None:
        """Refuses to write outside of a unit of work."""
        if not self._is_open:
            raise TransactionRequiredError("something was to be written")

    async def begin(self) -> None:
        """Opens the unit of work; nothing is sent before something is read or written."""
        self._is_open = True
        if self.has_transactions:
            self._client_session = self.documents.client.start_session()
            await self._client_session.start_transaction()

    async def read[Result](self, work: Work[Result]) -> Result:
        """Runs work that changes nothing: in the transaction once that has written, else outside of it."""
        if self._has_written:
            return await self._in_turn(work)
        with translate_errors():
            return await work(None)

    async def write[Result](self, work: Work[Result]) -> Result:
        """Runs work in the transaction, one work at a time; only where there are transactions."""
        self.must_be_open()
        self._has_written = True
        return await self._in_turn(work)

    def fail(self, error: Exception) -> None:
        """Ends the transaction, as the server has done already: its commit raises this."""
        self._doom = error

    async def stream(self, opening: Work[Cursor]) -> AsyncGenerator[list[Document], None]:
        """Yields documents in bunches from a cursor on the server's side."""
        inside = self._has_written

        async def perform[Result](work: Work[Result]) -> Result:
            if not inside:
                with translate_errors():
                    return await work(None)
            if not self._has_written:
                raise TransactionRequiredError("a stream was read")
            return await self._in_turn(work)

        cursor = await perform(opening)
        try:
            while bunch := await perform(lambda _: cursor.to_list(STREAMED)):
                yield bunch
        finally:
            with translate_errors():
                await cursor.close()

    async def commit(self) -> None:
        """Makes the work permanent.

        Raises:
            AppException: an earlier command failed, or another unit of work was quicker; nothing is stored.
            UnavailableException: the database did not answer; whether it committed is unknown.
        """
        for loan in self.loans:
            await loan.renew()
        async with self._turn:
            if self._doom is not None:
                raise self._doom
            carried: Carried = {field: several for field, several in self._carried.items() if several}
            if self._client_session is not None:
                await self._commit_transaction(self._client_session, carried)
            else:
                await self._commit_document(carried)
        await self._end(is_done=True)

    async def end(self) -> None:
        """Forgets what is not committed, even if the caller is cancelled."""
        await self._end(is_done=False)

    async def _end(self, *, is_done: bool) -> None:
        self._is_open, self._has_written, self._doom = False, False, None
        self.pending = None
        self.noted = set()
        self._carried = {}
        client_session, self._client_session = self._client_session, None
        loans, self.loans = self.loans, []
        try:
            if client_session is not None:
                await self.documents.finish(self._close(client_session))
        finally:
            self._give_up()
            for loan in loans:
                await self.documents.finish(loan.end(is_done=is_done))

    async def _close(self, client_session: AsyncClientSession) -> None:
        async with self._turn:  # work that somebody left behind may still run
            try:
                await client_session.end_session()
            except PyMongoError as error:  # the server rolls back what it never heard the end of
                _log.warning("a transaction was lost in a rollback: %s", type(error).__name__)

    async def _commit_transaction(self, client_session: AsyncClientSession, carried: Carried) -> None:
        if carried:
            with translate_errors():
                await write_carrier(self.database, carried, client_session)
        try:
            await client_session.commit_transaction()
        except PyMongoError as error:
            if has_label(error, TRANSIENT):
                with translate_errors():
                    raise
            raise unknown() from error

    async def _commit_document(self, carried: Carried) -> None:
        with translate_errors():
            if self.pending is not None:
                carried = await self.pending.commit(self.database, carried)
            if carried:
                await write_carrier(self.database, carried)

    async def _in_turn[Result](self, work: Work[Result]) -> Result:
        async with self._turn:
            if self._client_session is None:
                raise TransactionRequiredError("a transaction was used")
            with translate_errors():
                if self._doom is not None:
                    raise self._doom
                try:
                    return await work(self._client_session)
                except PyMongoError as error:
                    self._doom = error
                    raise

    def _give_up(self) -> None:
        claims = self.documents.claims
        for what in [what for what, owner in claims.items() if owner is self]:
            del claims[what]
        while self._locks:
            self._locks.popitem()[1].release()
