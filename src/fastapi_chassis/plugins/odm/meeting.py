"""Meeting: what is stored already of the entities that are to be written, and who has their unique values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection

from fastapi_chassis.plugins.odm.codec import ID, REST, THERE, VERSION, Document
from fastapi_chassis.plugins.odm.layout import StoredEntity

type Names = tuple[str, ...]
type Values = tuple[object, ...]

CHUNK = 500  # entities in one question


@dataclass(slots=True)
class Met:
    """What was found; `write` and `forget` keep it true while a batch is looked at.

    Args:
        place: where the entities lie.
        versions: of the entities that are stored, by identity; 0 where they have none.
        owners: who has which unique values, by the fields of their group.
    """

    place: StoredEntity
    versions: dict[object, int] = field(default_factory=dict)
    owners: dict[Names, dict[Values, object]] = field(default_factory=dict)
    _held: dict[object, dict[Names, Values]] = field(default_factory=dict)

    def taken(self, key: object, entity: object) -> Names | None:
        """Returns the group of unique values that another entity has."""
        for names in self.place.unique.values():
            wanted = _values(entity, names)
            if None not in wanted and self.owners.get(names, {}).get(wanted, key) != key:
                return names
        return None

    def write(self, key: object, entity: object, version: int) -> None:
        """Notes that an entity is written."""
        self.versions[key] = version
        self.hold(key, {names: _values(entity, names) for names in self.place.unique.values()})

    def hold(self, key: object, values: dict[Names, Values]) -> None:
        """Notes who has which values."""
        for names, old in self._held.get(key, {}).items():
            if self.owners[names].get(old) == key:
                del self.owners[names][old]
        self._held[key] = values
        for names, new in values.items():
            self.owners.setdefault(names, {})[new] = key


async def meet(
    collection: AsyncCollection[Document],
    place: StoredEntity,
    entities: Mapping[object, Any],
    session: AsyncClientSession | None = None,
) -> Met:
    """Reads what is stored of these entities, and who has their unique values.

    Args:
        collection: where they lie.
        place: how they lie there.
        entities: by identity, as documents have it; None for one whose values don't matter.
        session: the transaction to read in.
    """
    met = Met(place)
    wanted = {ID, VERSION, *(path for names in place.unique.values() for path in place.index_keys(names))}
    if any(path.startswith(f"{REST}.") for path in wanted):
        wanted = {path for path in wanted if not path.startswith(f"{REST}.")} | {REST}
    for chunk in batched(entities.items(), CHUNK):
        question = {"$and": [THERE, {"$or": list(_asked(place, chunk))}]}
        found = await collection.find(question, dict.fromkeys(wanted, 1), session=session).to_list()
        for document in found:
            key = document[ID]
            if key in entities:
                met.versions[key] = int(document.get(VERSION) or 0)
            met.hold(key, {names: _stored_values(place, document, names) for names in place.unique.values()})
    return met


def _asked(place: StoredEntity, entities: Sequence[tuple[object, Any]]) -> Iterable[Document]:
    yield {ID: {"$in": [key for key, _ in entities]}}
    for names in place.unique.values():
        wanted = {_values(entity, names) for _, entity in entities if entity is not None}
        complete = [values for values in wanted if None not in values]
        if not complete:
            continue
        if len(names) == 1:
            yield place.questions.among(names[0], [value for (value,) in complete])
        else:
            for values in complete:
                equal = [
                    place.questions.equal(name, value) for name, value in zip(names, values, strict=True)
                ]
                yield {"$and": equal}


def _values(entity: object, names: Names) -> Values:
    return tuple(getattr(entity, name) for name in names)


def _stored_values(place: StoredEntity, document: Mapping[str, Any], names: Names) -> Values:
    rests = document.get(REST, {})
    return tuple(
        None
        if (found := document.get(place.codec.path(name))) is None
        else place.codec.values[name].read(found, rests.get(name))
        for name in names
    )
