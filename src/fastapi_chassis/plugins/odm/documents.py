"""BaseDocument: a document of Beanie with revisions, whose failures are those of every repository."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, Self, override
from uuid import UUID

from bson.decimal128 import Decimal128
from pydantic import Field, model_validator
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure
from pymongo.results import DeleteResult

from fastapi_chassis.domain import (
    AlreadyExistsException,
    ChassisError,
    ConflictException,
    Finding,
    NotFoundException,
    new_id,
)
from fastapi_chassis.plugins.odm.connection import translate_errors
from fastapi_chassis.plugins.odm.errors import violated


class BeanieMissingError(ChassisError):
    """A document of Beanie is used, and Beanie is not installed."""


try:
    from beanie import Document, Insert, Replace, Update, before_event, init_beanie
    from beanie.exceptions import DocumentNotFound, RevisionIdWasChanged
except ModuleNotFoundError as missing:
    if missing.name != "beanie":
        raise
    raise BeanieMissingError(
        Finding(
            "BaseDocument needs Beanie, which is not installed",
            remedy='pip install "fastapi-chassis[odm]" on a Python before 3.14, or use repositories alone.',
        )
    ) from missing


def _now() -> datetime:
    return datetime.now(UTC)


class BaseDocument(Document):
    """A document that knows when it was stored, and that is never stored over somebody else's change.

    Args:
        id: the identity; a new UUIDv7 by default.
        created_at: when it was made.
        updated_at: when it was stored last.
        revision_id: changes with every write; Beanie compares it.
    """

    id: UUID = Field(default_factory=new_id)  # type: ignore[assignment]  # Beanie's own is optional
    created_at: datetime = Field(default_factory=_now)
    updated_at: datetime = Field(default_factory=_now)

    class Settings:
        """What Beanie is told; a subclass that has its own is told this as well."""

        use_revision: ClassVar[bool] = True

    @classmethod
    @override
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        own = cls.__dict__.get("Settings")
        if own is not None and not hasattr(own, "use_revision"):
            own.use_revision = True

    @model_validator(mode="before")
    @classmethod
    def _read_exact_numbers(cls, given: Any) -> Any:
        return _plain(given)

    @before_event(Insert, Replace, Update)
    def touch(self) -> None:
        """Notes the time of a write."""
        self.updated_at = _now()

    @override
    async def insert(self, *arguments: Any, **options: Any) -> Self:
        """Stores a new document.

        Raises:
            AlreadyExistsException: its identity or a unique value is taken.
        """
        async with _stored_once(type(self).__name__):
            return await super().insert(*arguments, **options)

    @override
    async def replace(self, *arguments: Any, **options: Any) -> Self:
        """Stores the whole document, if nobody stored it since it was read.

        Raises:
            NotFoundException: it is not there any more.
            ConflictException: somebody else changed it.
        """
        async with self._told(options.get("session")):
            return await super().replace(*arguments, **options)

    @override
    async def update(self, *arguments: Any, **options: Any) -> Self:
        """Changes the document, if nobody stored it since it was read; `save` and `set` end here as well.

        Raises:
            NotFoundException: it is not there any more.
            ConflictException: somebody else changed it.
        """
        async with self._told(options.get("session")):
            return await super().update(*arguments, **options)

    @override
    async def delete(self, *arguments: Any, **options: Any) -> DeleteResult | None:
        """Removes the document, whatever its revision.

        Raises:
            NotFoundException: it is not there any more.
        """
        async with self._told(options.get("session")):
            result = await super().delete(*arguments, **options)
            if result is not None and not result.deleted_count:
                raise DocumentNotFound
            return result

    @asynccontextmanager
    async def _told(self, session: AsyncClientSession | None = None) -> AsyncIterator[None]:
        """Tells failures in the families of the service, and takes back the revision of a failed write."""
        revision = self.revision_id
        try:
            with translate_errors():
                try:
                    yield
                except OperationFailure as error:  # of a `save`, which inserts where it finds nothing
                    if violated(error) not in {"_id_", "_id"}:
                        raise
                    raise RevisionIdWasChanged from None
        except (RevisionIdWasChanged, DocumentNotFound):
            self.revision_id = revision
            raise await self._lost(session) from None

    async def _lost(self, session: AsyncClientSession | None) -> NotFoundException | ConflictException:
        name = type(self).__name__
        details = {"entity": name, "key": str(self.id)}
        stored = await type(self).get_pymongo_collection().find_one({"_id": self.id}, session=session)
        if stored is None:
            return NotFoundException(f"{name} {self.id} was not found", details=details)
        current = {"current_version": str(stored.get("revision_id", ""))}
        return ConflictException(f"{name} {self.id} was changed by somebody else", details=details | current)


@asynccontextmanager
async def _stored_once(name: str) -> AsyncIterator[None]:
    try:
        with translate_errors():
            yield
    except AlreadyExistsException as taken:
        raise AlreadyExistsException(f"{name} exists already", details={"entity": name}) from taken.__cause__


def _plain(value: Any) -> Any:
    match value:
        case Decimal128():
            return value.to_decimal()
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
    return value


async def init_documents(database: AsyncDatabase[dict[str, Any]], *documents: type[Document]) -> None:
    """Binds classes of Beanie to a database; the plugin does so for those that modules name."""
    with translate_errors():
        await init_beanie(database=database, document_models=list(documents))
