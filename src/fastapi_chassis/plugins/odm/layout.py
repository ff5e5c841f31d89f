"""Layout: in which collection each entity lies, how, and with which unique values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import Finding, WiringError, snake_case
from fastapi_chassis.plugins.odm.codec import (
    AUDIT,
    EVENTS,
    NOTES,
    REMOVED,
    REST,
    SCHEDULE,
    Document,
    DocumentCodec,
)
from fastapi_chassis.plugins.odm.lookups import Questions

CARRIER, DEAD_LETTERS, CHAIN = "chassis_carrier", "chassis_dead_letters", "chassis_audit"
CARRIED = (EVENTS, NOTES, SCHEDULE, AUDIT)
NOTES_INDEX, EVENTS_INDEX, UNIQUE_INDEX = "chassis_notes", "chassis_outbox", "chassis_unique"
BARE: Document = {f"{field}.0": {"$exists": False} for field in CARRIED}


@dataclass(frozen=True, slots=True)
class StoredEntity:
    """How one repository's entities are stored.

    Args:
        collection: its name.
        identity: the field that lies in `_id`.
        codec: writes and reads documents.
        questions: how they are asked for.
        unique: the fields of each unique index, by its name.
        has_version: whether the entity counts its versions.
    """

    collection: str
    identity: str
    codec: DocumentCodec[Any]
    questions: Questions
    unique: Mapping[str, tuple[str, ...]]
    has_version: bool

    def index_keys(self, names: tuple[str, ...]) -> list[str]:
        """Returns the paths that a unique index covers."""
        keys = []
        for name in names:
            keys.append(self.codec.path(name))
            if self.codec.values[name].has_rest:
                keys.append(f"{REST}.{name}")
        return keys

    def index_filter(self, names: tuple[str, ...]) -> Document:
        """Returns which documents a unique index covers: those that have every value, none of them null."""
        return {self.codec.path(name): self._is_value(name) for name in names}

    def _is_value(self, name: str) -> Document:
        kind = self.codec.values[name].bson_type
        if not self.codec.shape[name].optional:
            return {"$exists": True}
        return {"$type": kind}


def left_behind(collection: str) -> Document:
    """Returns which documents of a collection are kept for nothing any more."""
    return BARE if collection == CARRIER else {REMOVED: {"$exists": True}, **BARE}


class Layout:
    """What is known of a database before anything is connected."""

    def __init__(self) -> None:
        self._stored: dict[type, StoredEntity] = {}
        self._owners: dict[str, type] = {}

    @property
    def entities(self) -> tuple[StoredEntity, ...]:
        """Everything that is stored."""
        return tuple(self._stored.values())

    @property
    def carrying(self) -> tuple[str, ...]:
        """The collections whose documents may carry messages and notes."""
        return (*dict.fromkeys(one.collection for one in self._stored.values()), CARRIER)

    def stored(self, repository: type[AbstractRepository[Any, Any]], collection: str = "") -> StoredEntity:
        """Returns how a repository's entities are stored.

        Args:
            repository: a bound repository class.
            collection: where they lie; by default the entity's name in snake case.

        Raises:
            WiringError: no document can hold the entity, or its collection is another one's.
        """
        found = self._stored.get(repository)
        if found is None:
            found = self._stored[repository] = self._store(repository, collection)
        return found

    def _store(self, repository: type[AbstractRepository[Any, Any]], given: str) -> StoredEntity:
        entity, identity = repository.entity, repository.identity
        codec: DocumentCodec[Any] = DocumentCodec(entity, identity)
        known = next((one.collection for one in self._stored.values() if one.codec.entity is entity), "")
        collection = given or known or snake_case(entity.__name__)
        owner = self._owners.setdefault(collection, entity)
        if owner is not entity:
            raise WiringError(
                Finding(
                    f"{entity.__qualname__} and {owner.__qualname__} would both lie in {collection}",
                    remedy=f"name another one: ServiceModule(tables={{{entity.__name__}: 'other_name'}}).",
                )
            )
        unique = {f"{UNIQUE_INDEX}_{'_'.join(names)}": names for names in repository.unique}
        return StoredEntity(
            collection, identity, codec, Questions(codec), unique, has_version="version" in codec.shape
        )
